import type { Alert, Verdict } from "@/lib/api-types";

export function LabelBadge({ verdict }: { verdict: Pick<Verdict, "label" | "anomalous" | "certainty"> }) {
  if (verdict.certainty === "learning") return <span className="badge caution">learning</span>;
  if (verdict.certainty === "no_model") return <span className="badge">no model</span>;
  return (
    <span className={verdict.anomalous ? "badge alarm" : "badge"}>
      <span className="cut">{verdict.label || "unnamed"}</span>
    </span>
  );
}

export function AlertState({ alert }: { alert: Alert }) {
  if (alert.feedback === "true_alarm") return <span className="badge alarm">true alarm</span>;
  if (alert.feedback === "false_alarm") return <span className="badge">false alarm</span>;
  if (alert.acknowledged) return <span className="badge accent">acknowledged</span>;
  return alert.open ? <span className="badge alarm">open</span> : <span className="badge">closed</span>;
}

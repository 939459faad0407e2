import type { Alert, Nature, Verdict } from "@/lib/api-types";

export function LabelBadge({ verdict }: { verdict: Pick<Verdict, "label" | "anomalous" | "certainty" | "excluded"> }) {
  const learning = verdict.certainty === "learning" && <span className="badge caution" title="The device is still being learned: its threshold is higher until then">learning</span>;
  if (learning && !verdict.anomalous) return learning;
  if (verdict.certainty === "no_model") return <span className="badge">no model</span>;
  const quiet = verdict.excluded > 0;
  const label = (
    <span className={verdict.anomalous && !quiet ? "badge alarm" : "badge"} title={quiet ? "Anomalous, and kept quiet by an exclusion" : undefined}>
      <span className="cut">{verdict.label || "unnamed"}</span>
    </span>
  );
  // What it looks like comes first, also while the device is new.
  return learning ? <>{label} {learning}</> : label;
}

/** Of an alert or an incident. */
export function AlertState({ alert }: { alert: Pick<Alert, "feedback" | "acknowledged" | "open"> }) {
  if (alert.feedback === "true_alarm") return <span className="badge alarm">true alarm</span>;
  if (alert.feedback === "false_alarm") return <span className="badge">false alarm</span>;
  if (alert.acknowledged) return <span className="badge accent">acknowledged</span>;
  return alert.open ? <span className="badge alarm">open</span> : <span className="badge">closed</span>;
}

export const natures: readonly (readonly [Nature, string, string])[] = [
  ["attack", "attack", "A class of attack is named"],
  ["behaviour", "behaviour", "Strange for this device; no class of attack is named"],
  ["device_health", "device health", "A sensor that jumps, drifts or stands still"],
  ["data_quality", "data quality", "What arrives is incomplete"],
];

export function NatureBadge({ nature }: { nature: Nature }) {
  const [, text, meaning] = natures.find(([key]) => key === nature) ?? [nature, nature, ""];
  return <span className={`badge nature ${nature}`} title={meaning}>{text}</span>;
}

export function JointBadge() {
  return <span className="badge accent" title="Flows and readings of one device belong together here">joint</span>;
}

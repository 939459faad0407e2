import { AlertState, NatureBadge } from "@/components/Badges";
import { MarkForm } from "@/components/MarkForm";
import { ScoreBar } from "@/components/ScoreBar";
import { Answer } from "@/components/States";
import { Why } from "@/components/Why";
import type { Alert } from "@/lib/api-types";
import { count, dateTime, seconds } from "@/lib/format";
import { excludeAlert } from "@/lib/exclude";
import { href } from "@/lib/router";
import { useIsAdmin } from "@/lib/session";
import { useAlert, useMarkAlert } from "../api/alert";

function Detail({ alert }: { alert: Alert }) {
  const admin = useIsAdmin();
  const marking = useMarkAlert(String(alert.id));
  return (
    <>
      <header className="panel-head">
        <div className="grow">
          <h2>{alert.label || "Anomaly"}</h2>
          <a className="link small wrap" href={href(["devices", alert.device])}>{alert.device}</a>
        </div>
        <NatureBadge nature={alert.nature} />
        {alert.open && <span className="badge alarm">still growing</span>}
        <AlertState alert={alert} />
      </header>
      <div className="panel-body stack loose">
        <dl className="facts">
          <div><dt>{alert.kind === "flow" ? "Anomalous flows" : "Anomalous readings"}</dt><dd>{count(alert.count)}</dd></div>
          <div><dt>Peak score</dt><dd><ScoreBar score={alert.peak_score} /></dd></div>
          <div><dt>Lasted</dt><dd>{seconds((Date.parse(alert.last) - Date.parse(alert.first)) / 1000)}</dd></div>
          <div><dt>First event</dt><dd>{dateTime(alert.first)}</dd></div>
          <div><dt>Last event</dt><dd>{dateTime(alert.last)}</dd></div>
          <div><dt>Raised</dt><dd>{dateTime(alert.raised)}</dd></div>
          {alert.destination && <div><dt>Destination</dt><dd className="mono">{alert.destination}, port {alert.port}</dd></div>}
          {alert.incident > 0 && <div><dt>Incident</dt><dd><a className="link" href={href(["incidents", String(alert.incident)])}>What it belongs to</a></dd></div>}
        </dl>
        <div className="stack tight">
          <div className="row wrapping">
            <h2 className="grow">Why: the strangest record of this run</h2>
            <a className="link small" href={href(["verdicts", alert.peak_record])}>Its verdict</a>
          </div>
          <Why of={alert} />
        </div>
        {admin ? (
          <>
            <MarkForm key={alert.id} of={alert} marking={marking} />
            <p><a className="button" href={excludeAlert(alert)}>Exclude this…</a></p>
          </>
        ) : (
          <p className="note">{alert.comment ? <>Comment: <span className="wrap">{alert.comment}</span></> : "Viewers read alerts; an administrator can acknowledge and comment."}</p>
        )}
      </div>
    </>
  );
}

export function AlertDetail({ id }: { id: string }) {
  const alert = useAlert(id);
  return (
    <section className="panel" aria-label="Alert">
      <Answer of={alert}>{(one) => <Detail alert={one} />}</Answer>
    </section>
  );
}

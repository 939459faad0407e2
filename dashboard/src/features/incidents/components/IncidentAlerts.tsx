import { useId, useState } from "react";
import { AlertState, NatureBadge } from "@/components/Badges";
import { Icon } from "@/components/Icon";
import { spanText } from "@/components/IncidentList";
import { Why } from "@/components/Why";
import type { Alert } from "@/lib/api-types";
import { counted, score } from "@/lib/format";
import { excludeAlert } from "@/lib/exclude";
import { href } from "@/lib/router";
import { useIsAdmin } from "@/lib/session";

/** Of the first, the tenth, the hundredth, the strangest and the latest record. */
function Samples({ alert }: { alert: Alert }) {
  const ids = [...new Set([...alert.samples, alert.peak_record])];
  return (
    <p className="row wrapping small">
      <span className="muted">Sample records</span>
      {ids.map((id) => (
        <a key={id} className="link mono" href={href(["verdicts", id])}>{id}{id === alert.peak_record && " (strangest)"}</a>
      ))}
    </p>
  );
}

function OneAlert({ alert, begins }: { alert: Alert; begins: boolean }) {
  const admin = useIsAdmin();
  const [open, setOpen] = useState(begins);
  const body = useId();
  return (
    <li className="incident-alert" data-testid="incident-alert" data-id={alert.id}>
      <button type="button" className="incident-alert-head" aria-expanded={open} aria-controls={body} onClick={() => setOpen(!open)}>
        <span className="chevron" style={{ rotate: open ? "90deg" : "0deg" }}><Icon name="chevron" size={12} /></span>
        <span className="wrap"><b className="strong">{alert.label || "Anomaly"}</b> <span className="soft">on {alert.device}</span></span>
        <span className="row wrapping"><NatureBadge nature={alert.nature} /><AlertState alert={alert} /></span>
        <span className="small muted wrap">{counted(alert.count, alert.kind)}, peak {score(alert.peak_score)}, {spanText(alert.first, alert.last)}</span>
      </button>
      {open && (
        <div id={body} className="stack incident-alert-body">
          <Why of={alert} />
          <Samples alert={alert} />
          <p className="row wrapping">
            <a className="button small" href={href(["alerts", String(alert.id)])}>The alert</a>
            <a className="button small" href={href(["devices", alert.device])}>The device</a>
            {admin && <a className="button small" href={excludeAlert(alert)}>Exclude this…</a>}
          </p>
        </div>
      )}
    </li>
  );
}

export function IncidentAlerts({ alerts }: { alerts: readonly Alert[] }) {
  return <ul>{alerts.map((alert, i) => <OneAlert key={alert.id} alert={alert} begins={i === 0} />)}</ul>;
}

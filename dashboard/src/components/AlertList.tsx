import type { Alert } from "@/lib/api-types";
import { ago, counted, score } from "@/lib/format";
import { href } from "@/lib/router";
import { AlertState } from "./Badges";

export function AlertList({ alerts, now, current, query }: {
  alerts: readonly Alert[];
  now: number;
  /** The one that is shown beside the list. */
  current?: string;
  query?: Record<string, string | undefined>;
}) {
  return (
    <ul className="alert-list">
      {alerts.map((alert) => (
        <li key={alert.id}>
          <a href={href(["alerts", String(alert.id)], query)} aria-current={current === String(alert.id)}>
            <span className={alert.open ? "dot alarm" : "dot"} title={alert.open ? "Still growing" : "Closed"} />
            <span className="cut">
              <b className="strong">{alert.label || "Anomaly"}</b>
              <span className="soft"> on {alert.device}</span>
            </span>
            <AlertState alert={alert} />
            <span />
            <span className="small muted cut">
              {counted(alert.count, alert.kind)}, peak {score(alert.peak_score)}
            </span>
            <span className="small muted">{ago(alert.updated, now)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

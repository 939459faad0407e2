import type { Incident } from "@/lib/api-types";
import { ago, clock, count, counted, dateTime, score } from "@/lib/format";
import { href } from "@/lib/router";
import { AlertState, JointBadge, NatureBadge } from "./Badges";

const dayMillis = 86_400_000;

/** "camera-01", "camera-01 and 4 others". */
export function devicesOf({ devices, device_count }: Pick<Incident, "devices" | "device_count">): string {
  const [first = "no device"] = devices;
  return device_count > 1 ? `${first} and ${counted(device_count - 1, "other")}` : first;
}

/** Within a day the date is said once. */
export function spanText(first: string, last: string): string {
  const length = Date.parse(last) - Date.parse(first);
  if (!(length > 0)) return dateTime(first);
  const sameDay = length < dayMillis && dateTime(first).slice(0, 10) === dateTime(last).slice(0, 10);
  return `${dateTime(first)} – ${sameDay ? clock(last) : dateTime(last)}`;
}

export function IncidentList({ incidents, now, query }: {
  incidents: readonly Incident[];
  now: number;
  query?: Record<string, string | undefined>;
}) {
  return (
    <ul className="incident-list">
      {incidents.map((incident) => (
        <li key={incident.id}>
          <a href={href(["incidents", String(incident.id)], query)} className={`nature ${incident.nature}`} data-testid="incident" data-id={incident.id}>
            <span className="rank" title="Rank: 0 to 100, the larger the more urgent">
              <span className="visually-hidden">Rank </span>{Math.round(incident.rank)}
            </span>
            <span className="title wrap">{incident.title}</span>
            <span className="badges">
              <NatureBadge nature={incident.nature} />
              {incident.joint && <JointBadge />}
              <AlertState alert={incident} />
            </span>
            <span className="small muted facts-line">
              <span className="wrap">{devicesOf(incident)}</span>
              <span>{counted(incident.alert_count, "alert")}, {counted(incident.count, "record")}</span>
              <span>peak {score(incident.peak_score)}</span>
              <span className="span">{spanText(incident.first, incident.last)}</span>
            </span>
            <span className="small muted when">{incident.open && <span className="dot alarm" title="Still growing" />} {ago(incident.updated, now)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The classes of an incident, the largest first. */
export function LabelCounts({ labels }: Pick<Incident, "labels">) {
  return (
    <span className="row wrapping">
      {[...labels].sort((a, b) => b.count - a.count).map((one) => (
        <span key={one.label} className="badge"><span className="cut">{one.label || "unnamed"}</span> {count(one.count)}</span>
      ))}
    </span>
  );
}

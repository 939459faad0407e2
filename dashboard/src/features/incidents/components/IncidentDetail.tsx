import { AlertState, JointBadge, NatureBadge } from "@/components/Badges";
import { Icon } from "@/components/Icon";
import { LabelCounts } from "@/components/IncidentList";
import { MarkForm } from "@/components/MarkForm";
import { More } from "@/components/More";
import { PageHead, Panel } from "@/components/Panel";
import { ScoreBar } from "@/components/ScoreBar";
import { Answer, Empty } from "@/components/States";
import type { Incident } from "@/lib/api-types";
import { count, counted, dateTime, seconds } from "@/lib/format";
import { excludeIncident } from "@/lib/exclude";
import { useAlerts } from "@/lib/queries";
import { href } from "@/lib/router";
import { useIsAdmin } from "@/lib/session";
import { useIncident, useMarkIncident } from "../api/incident";
import { IncidentAlerts } from "./IncidentAlerts";
import { TimeStrip } from "./TimeStrip";

function Facts({ incident }: { incident: Incident }) {
  const place = incident.destination.includes(":") ? `[${incident.destination}]` : incident.destination;
  return (
    <section className="panel" aria-label="Summary">
      <dl className="facts panel-body">
        <div><dt>Rank</dt><dd>{Math.round(incident.rank)} <span className="muted">of 100</span></dd></div>
        <div><dt>Devices</dt><dd>{count(incident.device_count)}</dd></div>
        <div><dt>Anomalous records</dt><dd>{count(incident.count)}</dd></div>
        <div><dt>Peak score</dt><dd><ScoreBar score={incident.peak_score} /></dd></div>
        <div><dt>First event</dt><dd>{dateTime(incident.first)}</dd></div>
        <div><dt>Last event</dt><dd>{dateTime(incident.last)}</dd></div>
        <div><dt>Lasted</dt><dd>{seconds((Date.parse(incident.last) - Date.parse(incident.first)) / 1000)}</dd></div>
        {incident.destination && <div><dt>Destination</dt><dd className="mono">{place}{incident.port > 0 && `:${incident.port}`}</dd></div>}
      </dl>
    </section>
  );
}

function Opinion({ incident }: { incident: Incident }) {
  const admin = useIsAdmin();
  const marking = useMarkIncident(String(incident.id));
  return (
    <Panel title="Your opinion" hint={incident.alert_count === 1 ? "also of its alert" : `also of its ${counted(incident.alert_count, "alert")}`}>
      {admin ? (
        <div className="stack loose">
          <MarkForm of={incident} marking={marking} />
          <p className="row wrapping">
            <a className="button" href={excludeIncident(incident)}>Exclude this…</a>
            <span className="small muted">You see what it would hide before it hides anything.</span>
          </p>
        </div>
      ) : (
        <p className="note">{incident.comment ? <>Comment: <span className="wrap">{incident.comment}</span></> : "Viewers read incidents; an administrator can acknowledge, comment and exclude."}</p>
      )}
    </Panel>
  );
}

function Devices({ incident }: { incident: Incident }) {
  const more = incident.device_count - incident.devices.length;
  return (
    <Panel title="Devices" hint={counted(incident.device_count, "device")}>
      <ul className="chips">
        {incident.devices.map((device) => <li key={device}><a className="badge" href={href(["devices", device])}><span className="cut">{device}</span></a></li>)}
        {more > 0 && <li className="small muted">and {counted(more, "other")}</li>}
      </ul>
    </Panel>
  );
}

function Detail({ incident }: { incident: Incident }) {
  const alerts = useAlerts({ incident: String(incident.id) });
  const items = alerts.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHead title={incident.title}>
        <span className="row wrapping">
          <NatureBadge nature={incident.nature} />
          {incident.joint && <JointBadge />}
          {incident.open && <span className="badge alarm">still growing</span>}
          <AlertState alert={incident} />
        </span>
      </PageHead>
      <Facts incident={incident} />
      {items.length > 0 && (
        <Panel title="What happened when" hint={items.length < incident.alert_count ? `${count(items.length)} of ${counted(incident.alert_count, "alert")}` : "from the first to the last record of each alert"}>
          <TimeStrip alerts={items} />
        </Panel>
      )}
      <div className="columns wide-left">
        <Panel title="Alerts" hint={counted(incident.alert_count, "alert")} flush>
          <Answer of={alerts}>
            {() => items.length > 0 ? <IncidentAlerts alerts={items} /> : (
              <Empty icon="alerts" title="Its alerts are gone">They no longer rest in the store.</Empty>
            )}
          </Answer>
          <More of={alerts} />
        </Panel>
        <div className="stack loose">
          <Opinion key={incident.id} incident={incident} />
          <Devices incident={incident} />
          <Panel title="Classes" hint="by anomalous records"><LabelCounts labels={incident.labels} /></Panel>
        </div>
      </div>
    </>
  );
}

export function IncidentDetail({ id, query }: { id: string; query: Record<string, string> }) {
  const incident = useIncident(id);
  return (
    <>
      <a className="row soft small" href={href(["incidents"], query)} style={{ width: "fit-content" }}><Icon name="back" size={13} /> All incidents</a>
      {incident.data ? <Detail incident={incident.data} /> : (
        <section className="panel" aria-label="Incident"><Answer of={incident}>{() => null}</Answer></section>
      )}
    </>
  );
}

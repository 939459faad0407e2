import { AlertList } from "@/components/AlertList";
import { Icon } from "@/components/Icon";
import { IncidentList } from "@/components/IncidentList";
import { Meter } from "@/components/Meter";
import { PageHead, Panel } from "@/components/Panel";
import { RecordFields } from "@/components/RecordFields";
import { Answer, Empty } from "@/components/States";
import { VerdictTable } from "@/components/VerdictTable";
import type { Verdict } from "@/lib/api-types";
import { ago, count, dateTime, percent } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { useAlerts, useIncidents, useVerdicts } from "@/lib/queries";
import { href } from "@/lib/router";
import { useDevice } from "../api/device";
import { RollUpPanel } from "./RollUpPanel";

/** Of the newest verdict of each kind among those shown. */
export function learnedOf(verdicts: readonly Verdict[]): Verdict[] {
  return (["flow", "reading"] as const).flatMap((kind) => verdicts.find((one) => one.kind === kind && one.certainty !== "no_model") ?? []);
}

function Learned({ verdicts }: { verdicts: readonly Verdict[] }) {
  return learnedOf(verdicts).map((one) => (
    <div key={one.kind} data-testid="learned" data-kind={one.kind}>
      <dt>Learned of its {one.kind}s</dt>
      <dd>
        <Meter value={one.confidence} text={percent(one.confidence)} title="How much of what a verdict rests on has been learned of this device" />
        {one.learning.length > 0 && <span className="small caution">still learning {one.learning.join(", ")}</span>}
      </dd>
    </div>
  ));
}

function Summary({ device, verdicts }: { device: string; verdicts: readonly Verdict[] }) {
  const query = useDevice(device);
  const now = useNow();
  return (
    <section className="panel" aria-label="Summary">
      <Answer of={query} rows={2}>
        {(one) => (
          <dl className="facts panel-body">
            <div><dt>Last seen</dt><dd title={dateTime(one.last_seen)}>{ago(one.last_seen, now)}</dd></div>
            <div><dt>First seen</dt><dd>{dateTime(one.first_seen)}</dd></div>
            <div><dt>Flows</dt><dd>{count(one.flows)}</dd></div>
            <div><dt>Readings</dt><dd>{count(one.readings)}</dd></div>
            <div><dt>Anomalies</dt><dd className={one.anomalies > 0 ? "alarm" : ""}>{count(one.anomalies)}</dd></div>
            <div><dt>Open alerts</dt><dd className={one.open_alerts > 0 ? "alarm" : ""}>{count(one.open_alerts)}</dd></div>
            <Learned verdicts={verdicts} />
          </dl>
        )}
      </Answer>
    </section>
  );
}

export function DevicePage({ device }: { device: string }) {
  const verdicts = useVerdicts({ device }, 25);
  const alerts = useAlerts({ device }, 10);
  const incidents = useIncidents({ device, order: "newest" }, 5);
  const now = useNow();
  return (
    <>
      <a className="row soft small" href={href(["devices"])} style={{ width: "fit-content" }}><Icon name="back" size={13} /> All devices</a>
      <PageHead title={device} />
      <Summary device={device} verdicts={verdicts.data?.pages[0]?.items ?? []} />
      <div className="columns wide-left">
        <div className="stack loose">
          <RollUpPanel device={device} />
          <Panel title="Latest verdicts" flush actions={
            <>
              <button type="button" className="button small" onClick={() => void verdicts.refetch()}>Refresh</button>
              <a className="link small" href={href(["verdicts"], { device })}>All verdicts</a>
            </>
          }>
            <Answer of={verdicts}>
              {(data) => {
                const items = data.pages.flatMap((page) => page.items);
                return items.length > 0 ? <VerdictTable verdicts={items} device={false} /> : (
                  <Empty icon="verdicts" title="No verdicts">Nothing of this device rests in the store any more.</Empty>
                );
              }}
            </Answer>
          </Panel>
        </div>
        <div className="stack loose">
          <Panel title="Incidents" hint="newest first" flush>
            <Answer of={incidents} rows={3}>
              {(data) => {
                const items = data.pages[0]?.items ?? [];
                return items.length > 0 ? <IncidentList incidents={items} now={now} /> : <Empty icon="incidents" title="No incidents with this device" />;
              }}
            </Answer>
          </Panel>
          <Panel title="Alerts" flush>
            <Answer of={alerts} rows={3}>
              {(data) => {
                const items = data.pages[0]?.items ?? [];
                return items.length > 0 ? <AlertList alerts={items} now={now} /> : <Empty icon="alerts" title="No alerts on this device" />;
              }}
            </Answer>
          </Panel>
          <Panel title="Latest record" hint={verdicts.data?.pages[0]?.items[0] && dateTime(verdicts.data.pages[0].items[0].time)}>
            <Answer of={verdicts} rows={4}>
              {(data) => {
                const latest = data.pages[0]?.items[0];
                return latest ? <RecordFields record={latest.record} /> : <p className="muted">No record.</p>;
              }}
            </Answer>
          </Panel>
        </div>
      </div>
    </>
  );
}

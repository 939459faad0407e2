import { AlertList } from "@/components/AlertList";
import { Icon } from "@/components/Icon";
import { PageHead, Panel } from "@/components/Panel";
import { RecordFields } from "@/components/RecordFields";
import { Answer, Empty } from "@/components/States";
import { VerdictTable } from "@/components/VerdictTable";
import { ago, count, dateTime } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { useAlerts, useVerdicts } from "@/lib/queries";
import { href } from "@/lib/router";
import { useDevice } from "../api/device";
import { RollUpPanel } from "./RollUpPanel";

function Summary({ device }: { device: string }) {
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
          </dl>
        )}
      </Answer>
    </section>
  );
}

export function DevicePage({ device }: { device: string }) {
  const verdicts = useVerdicts({ device }, 25);
  const alerts = useAlerts({ device }, 10);
  const now = useNow();
  return (
    <>
      <a className="row soft small" href={href(["devices"])} style={{ width: "fit-content" }}><Icon name="back" size={13} /> All devices</a>
      <PageHead title={device} />
      <Summary device={device} />
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

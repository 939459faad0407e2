import { AlertList } from "@/components/AlertList";
import { LawEquation } from "@/components/LawEquation";
import { PageHead, Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import { ago, seconds } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { useLive } from "@/lib/live";
import { useAlerts, useStatus } from "@/lib/queries";
import { href } from "@/lib/router";
import { DeviceHeat } from "./DeviceHeat";
import { RatePanel } from "./RatePanel";
import { Tiles } from "./Tiles";
import { VerdictStream } from "./VerdictStream";

const alertsShown = 6;

function LatestAlerts() {
  const alerts = useAlerts({}, alertsShown);
  const now = useNow();
  return (
    <Panel title="Latest alerts" flush actions={<a className="link small" href={href(["alerts"])}>All alerts</a>}>
      <Answer of={alerts} rows={4}>
        {(data) => {
          const items = data.pages[0]?.items ?? [];
          return items.length > 0 ? <AlertList alerts={items} now={now} /> : (
            <Empty icon="alerts" title="No alerts">A run of anomalous verdicts of one device becomes one alert.</Empty>
          );
        }}
      </Answer>
    </Panel>
  );
}

function ActiveModels() {
  const status = useStatus().data;
  const now = useNow();
  if (!status) return null;
  const none = !status.models.flow && !status.models.reading;
  return (
    <div className="row wrapping">
      {none && <a className="badge caution" href={href(["models"])}>no model is active: nothing is judged</a>}
      {status.models.flow && <a className="badge" href={href(["models"])}>flows: {status.models.flow.id}</a>}
      {status.models.reading && <a className="badge" href={href(["models"])}>readings: {status.models.reading.id}</a>}
      <span className="badge" title={`Started ${ago(status.started, now)}`}>up {seconds((Date.parse(status.now) - Date.parse(status.started)) / 1000)}</span>
    </div>
  );
}

export function OverviewPage() {
  const liveCounters = useLive((state) => state.counters);
  const status = useStatus().data;
  return (
    <>
      <PageHead title="Overview"><ActiveModels /></PageHead>
      <Tiles />
      <LawEquation counters={liveCounters ?? status?.counters ?? null} />
      <div className="columns wide-left">
        <div className="stack loose"><RatePanel /><VerdictStream /></div>
        <div className="stack loose"><LatestAlerts /><DeviceHeat /></div>
      </div>
    </>
  );
}

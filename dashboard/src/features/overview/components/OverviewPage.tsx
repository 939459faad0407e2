import { IncidentList } from "@/components/IncidentList";
import { LawEquation } from "@/components/LawEquation";
import { PageHead, Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import { ago, seconds } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { useLive } from "@/lib/live";
import { useOpenIncidents, useStatus } from "@/lib/queries";
import { href } from "@/lib/router";
import { DeviceHeat } from "./DeviceHeat";
import { DriftNotices } from "./DriftNotices";
import { RatePanel } from "./RatePanel";
import { Tiles } from "./Tiles";
import { VerdictStream } from "./VerdictStream";

const incidentsShown = 6;

function OpenIncidents() {
  const { query, items } = useOpenIncidents();
  const now = useNow();
  return (
    <Panel title="Open incidents" hint={items.length > incidentsShown ? "the most urgent" : undefined} flush actions={<a className="link small" href={href(["incidents"])}>All incidents</a>}>
      <Answer of={query} rows={4}>
        {() => items.length > 0 ? <IncidentList incidents={items.slice(0, incidentsShown)} now={now} /> : (
          <Empty icon="incidents" title="Nothing is open">Alerts that belong together become one incident. All is quiet.</Empty>
        )}
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
      {status && <DriftNotices status={status} />}
      <Tiles />
      <LawEquation counters={liveCounters ?? status?.counters ?? null} />
      <div className="columns wide-left">
        <div className="stack loose"><RatePanel /><VerdictStream /></div>
        <div className="stack loose"><OpenIncidents /><DeviceHeat /></div>
      </div>
    </>
  );
}

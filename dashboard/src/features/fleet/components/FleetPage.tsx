import { PageHead } from "@/components/Panel";
import { ActionError, Answer, Bones, Empty } from "@/components/States";
import type { Scoreboard, Simulation } from "@/lib/api-types";
import { useScoreboard, useSimulation } from "@/lib/queries";
import { lanesOf } from "../api/score";
import { CauseTable } from "./CauseTable";
import { Chaos } from "./Chaos";
import { Detectors } from "./Detectors";
import { Lanes } from "./Lanes";
import { Result } from "./Result";
import { Running } from "./Running";

const askMillis = 2_000;

function NothingHere() {
  return (
    <section className="panel">
      <Empty icon="fleet" title="No simulated fleet here">
        <code>vedette demo</code> runs one. A service that listens to <code>vedette simulate</code> shows its scoreboard once <code>truth</code> under <code>[scoreboard]</code> in its settings names the topic on which the truth is sent.
      </Empty>
    </section>
  );
}

function ScoreboardOff() {
  return (
    <section className="panel">
      <Empty icon="fleet" title="The scoreboard is off">
        Nobody tells this service what is true, so nothing can be scored. Name the topic of the truth in its settings: <code>truth</code> under <code>[scoreboard]</code>.
      </Empty>
    </section>
  );
}

function Score({ board, fleet }: { board: Scoreboard; fleet: Simulation | null }) {
  const lanes = lanesOf(board.episodes, fleet?.episodes ?? [], fleet?.now ?? "");
  return (
    <>
      <Lanes lanes={lanes} />
      <CauseTable causes={board.causes} />
      <Detectors board={board} />
    </>
  );
}

/** Numbers that stand still must say so. */
function Stale({ errors }: { errors: readonly unknown[] }) {
  const error = errors.find((one) => one);
  if (!error) return null;
  return <ActionError error={`These numbers stand still: ${error instanceof Error ? error.message : String(error)}`} />;
}

export function FleetPage() {
  const simulation = useSimulation(askMillis);
  const scoreboard = useScoreboard(askMillis);
  const fleet = simulation.data;
  const board = scoreboard.data?.enabled ? scoreboard.data : null;
  const head = <PageHead title="Fleet" lead="Start an attack or a fault, and watch whether the detectors notice." />;
  if (simulation.isPending || scoreboard.isPending) return <>{head}<section className="panel"><Bones /></section></>;
  if (fleet === null && !board && !scoreboard.isError) return <>{head}<NothingHere /></>;
  return (
    <>
      {head}
      <Stale errors={[fleet !== undefined && simulation.error, scoreboard.data !== undefined && scoreboard.error]} />
      {board && <Result board={board} fleet={fleet ?? null} />}
      {fleet === null && <p className="note">This service runs no fleet itself: it scores what another program simulates. Attacks and faults are started there.</p>}
      <div className={fleet === null ? "stack loose" : "columns wide-right"}>
        {fleet !== null && (
          <div className="stack loose">
            <Answer of={simulation}>
              {(data) => data && (
                <>
                  <Running fleet={data} askedAt={simulation.dataUpdatedAt} />
                  <Chaos fleet={data} episodes={board?.episodes ?? []} />
                </>
              )}
            </Answer>
          </div>
        )}
        <div className="stack loose">
          <Answer of={scoreboard}>
            {(data) => data?.enabled ? <Score board={data} fleet={fleet ?? null} /> : <ScoreboardOff />}
          </Answer>
        </div>
      </div>
    </>
  );
}

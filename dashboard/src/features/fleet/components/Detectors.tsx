import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import type { DetectorScore, Scoreboard } from "@/lib/api-types";
import { clock, count, counted, percent } from "@/lib/format";
import { detectorMeaning, detectorName } from "./names";

function Figure({ name, value, under }: { name: string; value: number | null; under: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd><Meter value={value} text={percent(value)} /></dd>
      <dd className="small muted">{under}</dd>
    </div>
  );
}

function Detector({ one }: { one: DetectorScore }) {
  const bad = one.true_positives + one.false_negatives;
  const alarms = one.true_positives + one.false_positives;
  const benign = one.false_positives + one.true_negatives;
  const meaning = detectorMeaning(one.model);
  return (
    <li className="detector" data-testid="detector">
      <p><b className="strong wrap">{detectorName(one.model)}</b> <span className="small muted">{meaning ? `${meaning}; ` : ""}{counted(one.records, "record")}</span></p>
      <dl>
        <Figure name="Recall" value={one.recall} under={`${count(one.true_positives)} of ${count(bad)} bad`} />
        <Figure name="Precision" value={one.precision} under={`${count(one.true_positives)} of ${count(alarms)} alarms`} />
        <div>
          <dt>False-positive rate</dt>
          <dd className="meter">{percent(one.false_positive_rate)}</dd>
          <dd className="small muted">{count(one.false_positives)} of {count(benign)} benign</dd>
        </div>
      </dl>
    </li>
  );
}

function Joined({ board }: { board: Scoreboard }) {
  const { joined, waiting_truth, waiting_verdict, dropped, bad_lines } = board.records;
  return (
    <>
      {counted(joined, "record")} with truth and verdict since {clock(board.since)}. Half known: {count(waiting_verdict)} without a verdict, {count(waiting_truth)} without a truth.
      {(dropped > 0 || bad_lines > 0) && (
        <span className="caution"> Not counted: {counted(dropped, "half", "halves")} that waited too long and {counted(bad_lines, "line")} of truth that could not be read.</span>
      )}
    </>
  );
}

export function Detectors({ board }: { board: Scoreboard }) {
  return (
    <Panel title="By detector" flush foot={<Joined board={board} />}>
      {board.detectors.length > 0 ? (
        <ul>{board.detectors.map((one) => <Detector key={one.model} one={one} />)}</ul>
      ) : (
        <Empty icon="models" title="No record has both a truth and a verdict yet">They meet as soon as the service has judged a record whose truth was sent.</Empty>
      )}
    </Panel>
  );
}

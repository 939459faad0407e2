import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import type { CauseScore } from "@/lib/api-types";
import { count, delay, percent, words } from "@/lib/format";
import { groupsOf } from "../api/score";
import type { CauseGroup } from "../api/score";
import { detectorName } from "./names";

function Delay({ row }: { row: CauseScore }) {
  const { median_seconds, max_seconds } = row.time_to_detect;
  return (
    <>
      {delay(median_seconds)}
      {row.episodes_detected > 1 && max_seconds !== null && <span className="small muted under">longest {delay(max_seconds)}</span>}
    </>
  );
}

/** On a phone precision stands below recall, and the time below the episodes. */
function Cells({ row }: { row: CauseScore }) {
  return (
    <>
      <td className="hide-phone mono soft whole">{detectorName(row.detector)}</td>
      <td>
        <Meter value={row.recall} text={percent(row.recall)} />
        <span className="small muted whole under">{count(row.flagged)} of {count(row.records)}</span>
        <span className="show-phone small muted">{percent(row.precision)} precise</span>
      </td>
      <td className="num hide-phone" title={`${count(row.named)} records were flagged and called by their label`}>{percent(row.precision)}</td>
      <td className="num">
        {count(row.episodes_detected)} <span className="muted">of</span> {count(row.episodes)}
        <span className="show-phone"><Delay row={row} /></span>
      </td>
      <td className="num hide-phone"><Delay row={row} /></td>
    </>
  );
}

function Group({ group }: { group: CauseGroup }) {
  return group.rows.map((row, i) => (
    <tr key={row.detector} data-testid="cause" data-cause={row.cause}>
      {i === 0 && (
        <th scope="rowgroup" className="cause" rowSpan={group.rows.length}>
          <b>{words(group.cause)}</b>
          <span className="small muted wrap">{group.label}</span>
          {group.rows.map((one) => <span key={one.detector} className="show-phone small mono muted">{detectorName(one.detector)}</span>)}
        </th>
      )}
      <Cells row={row} />
    </tr>
  ));
}

/** Each attack and each fault against each detector that judged its records. */
export function CauseTable({ causes }: { causes: readonly CauseScore[] }) {
  const groups = groupsOf(causes);
  if (groups.length === 0) {
    return <Panel title="By attack and fault" flush><Empty icon="verdicts" title="No record of an attack or a fault has been judged yet" /></Panel>;
  }
  return (
    <Panel title="By attack and fault" flush hint="recall, by detector"
      foot="Records found: flagged ones, the recall. Precision: of the records called by this label, the share that really were. Episodes: those with at least one flagged record, of all. Time to detect: from the beginning to the first of them, the median and the longest, in the time of the records.">
      <div className="table-box" tabIndex={0} role="group" aria-label="By attack and fault">
        <table className="table scores">
          <thead>
            <tr>
              <th scope="col">Attack or fault</th>
              <th scope="col" className="hide-phone">Detector</th>
              <th scope="col">Records found</th>
              <th scope="col" className="num hide-phone">Precision</th>
              <th scope="col" className="num">Episodes</th>
              <th scope="col" className="num hide-phone">Time to detect</th>
            </tr>
          </thead>
          {groups.map((group) => <tbody key={group.cause}><Group group={group} /></tbody>)}
        </table>
      </div>
    </Panel>
  );
}

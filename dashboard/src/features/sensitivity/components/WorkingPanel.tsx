import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import type { RecordKind, WorkingThreshold } from "@/lib/api-types";
import { count, number, percent, rate } from "@/lib/format";
import { asSentence, thresholdText } from "../api/target";

export function WorkingPanel({ kind, working }: { kind: RecordKind; working: WorkingThreshold | null }) {
  const title = kind === "flow" ? "Flows" : "Readings";
  if (!working) {
    return <Panel title={title}><Empty icon="models" title="No model judges them">Activate one on the page of the models.</Empty></Panel>;
  }
  const alerts = working.expected_alerts;
  return (
    <Panel title={title} hint={<span className="mono">{working.model}</span>} actions={working.kept ? undefined : <span className="badge caution">cannot be promised</span>}>
      <div className="stack loose" data-testid="working" data-kind={kind}>
        <p className={working.kept ? "wrap" : "note caution wrap"}>{asSentence(working.guarantee)}</p>
        <dl className="facts">
          <div><dt>Threshold</dt><dd>{thresholdText(working.value)}</dd></div>
          <div><dt>Expected misses</dt><dd title="Share of held-out attack records below the threshold">{working.expected_misses === null ? "not known" : `${percent(working.expected_misses)} of attack records`}</dd></div>
          <div><dt>Expected false alarms a day</dt><dd>{alerts === null ? "not known" : <>{rate(alerts.per_day)} <span className="muted">({count(alerts.day_low)} to {count(alerts.day_high)} on 99 of 100 days)</span></>}</dd></div>
          <div><dt>Calibrated on</dt><dd>{count(working.benign_records)} benign records</dd></div>
        </dl>
        {working.device_kinds.length > 0 && (
          <table className="table compact">
            <thead><tr><th scope="col">Kind of device</th><th scope="col" className="num">Threshold</th><th scope="col" className="num">Raised by feedback</th></tr></thead>
            <tbody>
              {working.device_kinds.map((one) => (
                <tr key={one.device_kind}>
                  <td className="wrap">{one.device_kind || <span className="muted">names that tell no kind</span>}</td>
                  <td className="num strong">{thresholdText(one.value)}</td>
                  <td className="num soft">{one.raised_by > 0 ? `+${number(one.raised_by)}` : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Panel>
  );
}

import type { Explanation, Reason } from "@/lib/api-types";
import { missing, number } from "@/lib/format";
import { rangeGeometry } from "@/lib/range";

const valueText = (reason: Reason) => reason.value_text || number(reason.value);

function usualText({ usual_text, usual_low, usual_high }: Reason): string {
  if (usual_text) return usual_text;
  return usual_low === null && usual_high === null ? missing : `${number(usual_low)} to ${number(usual_high)}`;
}

function RangeBar({ reason }: { reason: Reason }) {
  const at = rangeGeometry(reason.value, reason.usual_low, reason.usual_high);
  if (!at) return <span className="muted">no usual range known</span>;
  const says = `${valueText(reason)}, usually ${usualText(reason)}`;
  return (
    <div className="range" role="img" aria-label={says} title={says}>
      <i style={{ left: `${at.low}%`, width: `${at.high - at.low}%` }} />
      <b className={at.inside ? "inside" : undefined} style={{ left: `${at.value}%` }} />
    </div>
  );
}

/** The largest weight fills the bar; what speaks against an anomaly has a pale one. */
function Weight({ weight, largest }: { weight: number | null; largest: number }) {
  const share = weight === null || largest === 0 ? 0 : Math.abs(weight) / largest;
  return (
    <span className={weight !== null && weight < 0 ? "weight against" : "weight"}>
      {number(weight)}
      <span aria-hidden="true"><i style={{ width: `${share * 100}%` }} /></span>
    </span>
  );
}

const usualOf = {
  training: "Usual: the middle 98 % of the benign records of training.",
  device: "Usual: what this device did lately.",
} as const;

/** Why a record is strange: each feature's value against the middle 98 % of what was usual. */
export function ReasonsTable({ reasons, usual_of }: Pick<Explanation, "reasons"> & Partial<Pick<Explanation, "usual_of">>) {
  if (reasons.length === 0) return <p className="muted">No reasons: only anomalous verdicts carry them.</p>;
  const largest = Math.max(...reasons.map((reason) => Math.abs(reason.weight ?? 0)));
  return (
    <>
      <table className="reasons">
        <thead>
          <tr>
            <th scope="col">What it did</th>
            <th scope="col" className="num hide-phone">Value</th>
            <th scope="col" className="num hide-phone">Usual</th>
            <th scope="col" className="hide-phone">Value against the usual range</th>
            <th scope="col" className="num">Weight</th>
          </tr>
        </thead>
        <tbody>
          {reasons.map((reason) => (
            <tr key={reason.feature}>
              <td className="wrap">
                {reason.text && <div>{reason.text}</div>}
                <span className={reason.text ? "mono small muted" : "mono"}>{reason.feature}</span>
                <div className="show-phone">
                  {!reason.text && <div className="small soft">{valueText(reason)}, usual {usualText(reason)}</div>}
                  <RangeBar reason={reason} />
                </div>
              </td>
              <td className="num strong hide-phone" title={number(reason.value)}>{valueText(reason)}</td>
              <td className="num soft hide-phone" title={`${number(reason.usual_low)} to ${number(reason.usual_high)}`}>{usualText(reason)}</td>
              <td className="hide-phone"><RangeBar reason={reason} /></td>
              <td className="num soft"><Weight weight={reason.weight} largest={largest} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      {usual_of && <p className="small muted">{usualOf[usual_of]}</p>}
    </>
  );
}

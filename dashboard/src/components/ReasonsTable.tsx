import type { Reason } from "@/lib/api-types";
import { number } from "@/lib/format";
import { rangeGeometry } from "@/lib/range";

function RangeBar({ reason }: { reason: Reason }) {
  const at = rangeGeometry(reason.value, reason.usual_low, reason.usual_high);
  if (!at) return <span className="muted">no usual range known</span>;
  const says = `${number(reason.value)}, usually ${number(reason.usual_low)} to ${number(reason.usual_high)}`;
  return (
    <div className="range" role="img" aria-label={says} title={says}>
      <i style={{ left: `${at.low}%`, width: `${at.high - at.low}%` }} />
      <b className={at.inside ? "inside" : undefined} style={{ left: `${at.value}%` }} />
    </div>
  );
}

/** Why a record is strange: each feature's value against the middle 98 % of what was usual. */
export function ReasonsTable({ reasons }: { reasons: readonly Reason[] }) {
  if (reasons.length === 0) return <p className="muted">No reasons: only anomalous verdicts carry them.</p>;
  return (
    <table className="reasons">
      <thead>
        <tr>
          <th scope="col">Feature</th>
          <th scope="col" className="num">Value</th>
          <th scope="col" className="num">Usual</th>
          <th scope="col" className="hide-phone">Value against the usual range</th>
          <th scope="col" className="num">Weight</th>
        </tr>
      </thead>
      <tbody>
        {reasons.map((reason) => (
          <tr key={reason.feature}>
            <td className="mono wrap">
              {reason.feature}
              <div className="show-phone"><RangeBar reason={reason} /></div>
            </td>
            <td className="num strong">{number(reason.value)}</td>
            <td className="num soft">
              {number(reason.usual_low)} … {number(reason.usual_high)}
            </td>
            <td className="hide-phone"><RangeBar reason={reason} /></td>
            <td className="num soft">{number(reason.weight)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

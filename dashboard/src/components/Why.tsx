/** Why a record is anomalous: a sentence, the reasons, what would have been usual, what it resembles. */
import type { Explanation } from "@/lib/api-types";
import { distanceWords, smallestChange, timeOfRecord } from "@/lib/explanation";
import { dateTime } from "@/lib/format";
import { href } from "@/lib/router";
import { ReasonsTable } from "./ReasonsTable";

function SimilarRecords({ similar }: Pick<Explanation, "similar">) {
  return (
    <div className="stack tight">
      <h3 className="small soft strong">Similar records of the past</h3>
      <ul className="similar">
        {similar.map((one) => (
          <li key={`${one.capture} ${one.id}`}>
            <a className="badge" href={href(["verdicts"], { label: one.label })} title={`Verdicts called ${one.label}`}><span className="cut">{one.label || "unnamed"}</span></a>
            {one.capture ? (
              <span className="wrap soft">{one.device} in training data <span className="mono">{one.capture}</span></span>
            ) : (
              <a className="link wrap" href={href(["verdicts", one.id])}>{one.device}, {dateTime(timeOfRecord(one.id))}</a>
            )}
            <span className="small muted" title={`Record ${one.id}`}>{distanceWords(one.distance)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Why({ of }: { of: Explanation }) {
  const change = smallestChange(of);
  return (
    <div className="stack" data-testid="why">
      {of.sentence && <p className="why wrap">{of.sentence}</p>}
      <ReasonsTable reasons={of.reasons} usual_of={of.usual_of} />
      {change && <p className="note wrap">{change}</p>}
      {of.similar.length > 0 && <SimilarRecords similar={of.similar} />}
      {of.similar.length === 0 && of.reasons[0]?.text && <p className="small muted">No similar record of the past is known yet.</p>}
    </div>
  );
}

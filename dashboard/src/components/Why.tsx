/** Why a record is anomalous: a sentence, the reasons, what would have been usual, what it resembles. */
import type { Explanation } from "@/lib/api-types";
import { distanceWords, smallestChange } from "@/lib/explanation";
import { href } from "@/lib/router";
import { ReasonsTable } from "./ReasonsTable";

function SimilarRecords({ similar }: Pick<Explanation, "similar">) {
  return (
    <div className="stack tight">
      <h3 className="small soft strong">Similar records of training</h3>
      <ul className="similar">
        {similar.map((one) => (
          <li key={`${one.capture} ${one.id}`}>
            <a className="badge" href={href(["verdicts"], { label: one.label })} title={`Verdicts called ${one.label}`}><span className="cut">{one.label || "unnamed"}</span></a>
            <span className="wrap soft">{one.device}{one.capture && <> in <span className="mono">{one.capture}</span></>}</span>
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
    </div>
  );
}

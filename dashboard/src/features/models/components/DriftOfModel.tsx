import type { Drift } from "@/lib/api-types";
import { count, counted, dateTime, number, percent, score } from "@/lib/format";

/** A column with a larger index has left its range of training. */
const indexMax = 0.25;

function Columns({ columns }: Pick<Drift, "columns">) {
  return (
    <div className="table-box">
      <table className="table compact">
        <thead><tr><th scope="col">Column</th><th scope="col" className="num">Index</th><th scope="col" className="num">Below its usual range</th><th scope="col" className="num">Above</th></tr></thead>
        <tbody>
          {columns.map((one) => (
            <tr key={one.column}>
              <td className="mono wrap">{one.column}</td>
              <td className={one.index > indexMax ? "num strong caution" : "num"}>{number(one.index)}</td>
              <td className="num">{percent(one.below)}</td>
              <td className="num">{percent(one.above)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether the records it judges normal are still like those of training. */
export function DriftOfModel({ drift }: { drift: Drift }) {
  const drifted = drift.columns.filter((one) => one.index > indexMax);
  return (
    <section className="stack tight" aria-label="Drift" data-testid="model-drift">
      <h2>Drift</h2>
      <p className="soft wrap">
        {drift.sentence && drift.last_notice ? <>Last noticed {dateTime(drift.last_notice)}: {drift.sentence}.</> : "Nothing was noticed since it began to judge."}{" "}
        Mean score of {counted(drift.records, "normal record")}: {score(drift.score_mean)}{drift.score_before !== null && <>, before {score(drift.score_before)}</>}.{" "}
        {drift.columns.length === 0 ? "Its columns were not compared with its training yet: that is done every 16,384 normal records, where the model file knows their ranges." : (
          <>{count(drift.drifted_columns)} of its columns left their range of training.</>
        )}
      </p>
      {drifted.length > 0 && <Columns columns={drifted} />}
      {drift.notices > 0 && <p className="small muted">Nothing is trained anew by itself. If the fleet changed for good, train on records of now and activate that model.</p>}
    </section>
  );
}

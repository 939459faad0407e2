import type { Counters } from "@/lib/api-types";
import { count } from "@/lib/format";
import { Icon } from "./Icon";

/** received = verdicts + quarantined + waiting: no message is ever lost, shown as it is counted. */
export function LawEquation({ counters }: { counters: Counters | null }) {
  const sum = counters ? counters.verdicts + counters.quarantined + counters.waiting : null;
  const holds = counters !== null && sum === counters.received;
  const terms = [
    ["", "received", counters?.received],
    ["=", "verdicts", counters?.verdicts],
    ["+", "quarantined", counters?.quarantined],
    ["+", "waiting", counters?.waiting],
  ] as const;
  return (
    <section className={counters && !holds ? "law broken" : "law"} aria-label="Message balance">
      {terms.map(([sign, name, value]) => (
        <span key={name} className="part">
          {sign && <span className="sign">{sign}</span>}
          <span className="term">
            <b>{count(value)}</b>
            <span>{name}</span>
          </span>
        </span>
      ))}
      {counters && (
        <span className={`badge verdict ${holds ? "accent" : "alarm"}`}>
          <Icon name={holds ? "check" : "warning"} size={13} />
          {holds ? "every message accounted for" : `off by ${count(Math.abs(counters.received - (sum ?? 0)))}`}
        </span>
      )}
    </section>
  );
}

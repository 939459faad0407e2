import type { ClassMetrics } from "@/lib/api-types";
import { count } from "@/lib/format";

/** Below this a class is called out: more wrong than right. */
const low = 0.5;

function Meter({ value, name }: { value: number; name: string }) {
  return (
    <div className={value < low ? "meter low" : "meter"} title={`${name} ${value.toFixed(4)}`}>
      {value.toFixed(3)}
      <span aria-hidden="true"><i style={{ width: `${Math.min(100, Math.max(0, value * 100))}%` }} /></span>
    </div>
  );
}

export function ClassBars({ classes }: { classes: readonly ClassMetrics[] }) {
  return (
    <div className="class-bars">
      <div className="class-bar head" aria-hidden="true">
        <span>Class</span><span>Precision</span><span>Recall</span><span>F1</span><span className="num support">Rows</span>
      </div>
      {classes.map((one) => (
        <div key={one.label} className="class-bar">
          <span className="wrap">{one.label}</span>
          <Meter name="Precision" value={one.precision} />
          <Meter name="Recall" value={one.recall} />
          <Meter name="F1" value={one.f1} />
          <span className="num soft support">{count(one.support)}</span>
        </div>
      ))}
    </div>
  );
}

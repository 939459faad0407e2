import { Meter } from "@/components/Meter";
import type { ClassMetrics } from "@/lib/api-types";
import { count } from "@/lib/format";

function Score({ value, name }: { value: number; name: string }) {
  return <Meter value={value} text={value.toFixed(3)} title={`${name} ${value.toFixed(4)}`} />;
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
          <Score name="Precision" value={one.precision} />
          <Score name="Recall" value={one.recall} />
          <Score name="F1" value={one.f1} />
          <span className="num soft support">{count(one.support)}</span>
        </div>
      ))}
    </div>
  );
}

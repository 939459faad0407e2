import { missing } from "@/lib/format";

interface MeterProps {
  /** A share in [0, 1]; null: undefined, and no bar is drawn. */
  value: number | null;
  text: string;
  title?: string;
}

/** Below this the bar is called out: more wrong than right. */
const low = 0.5;

/** A share as a number over its bar. */
export function Meter({ value, text, title }: MeterProps) {
  if (value === null) return <div className="meter" title={title}>{missing}</div>;
  return (
    <div className={value < low ? "meter low" : "meter"} title={title}>
      {text}
      <span aria-hidden="true"><i style={{ width: `${Math.min(100, Math.max(0, value * 100))}%` }} /></span>
    </div>
  );
}

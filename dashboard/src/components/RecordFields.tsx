import type { RecordFields as Fields } from "@/lib/api-types";
import { dateTime, number } from "@/lib/format";

const portNames = new Set(["id.orig_p", "id.resp_p"]);

function text(name: string, value: Fields[string]): string {
  if (value === null) return "–";
  if (typeof value !== "number") return String(value);
  if (name === "ts") return dateTime(new Date(value * 1000).toISOString());
  return portNames.has(name) ? String(value) : number(value);
}

/** The fields of a record as they came, names as in Zeek's logs or as the sensor calls them. */
export function RecordFields({ record }: { record: Fields }) {
  return (
    <dl className="fields">
      {Object.entries(record).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={String(value)}>{text(name, value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What the stored past would have been: now against would, by day and by device. */
import type { Preview, PreviewCounts } from "@/lib/api-types";
import { count, counted, dateTime } from "@/lib/format";
import { href } from "@/lib/router";

const rows: readonly (readonly [keyof PreviewCounts, string])[] = [
  ["incidents", "Incidents"],
  ["alerts", "Alerts"],
  ["anomalous", "Anomalous records"],
  ["excluded", "Kept quiet by exclusions"],
];
const devicesShown = 8;

/** 12 → 3: "−9"; a change nobody can see is "no change". */
export function difference(now: number, would: number): string {
  if (now === would) return "no change";
  return `${would > now ? "+" : "−"}${count(Math.abs(would - now))}`;
}

function better(now: number, would: number): string {
  return would < now ? "num accent-text" : would > now ? "num alarm" : "num muted";
}

function Sums({ preview }: { preview: Preview }) {
  return (
    <table className="table compact">
      <thead><tr><th scope="col"><span className="visually-hidden">What</span></th><th scope="col" className="num">Now</th><th scope="col" className="num">Would</th><th scope="col" className="num">Difference</th></tr></thead>
      <tbody>
        {rows.map(([key, name]) => (
          <tr key={key} data-row={key}>
            <th scope="row">{name}</th>
            <td className="num">{count(preview.now[key])}</td>
            <td className="num strong">{count(preview.would[key])}</td>
            <td className={key === "excluded" ? "num muted" : better(preview.now[key], preview.would[key])}>{difference(preview.now[key], preview.would[key])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Days({ days }: Pick<Preview, "days">) {
  const most = Math.max(1, ...days.flatMap((day) => [day.now.alerts, day.would.alerts]));
  const tall = (value: number) => ({ height: `${(value / most) * 100}%` });
  return (
    <figure className="stack tight" aria-label="Alerts per day">
      <figcaption className="legend">
        <span className="muted">Alerts per day, at most {count(most)}</span>
        <span style={{ "--key": "var(--ink-3)" } as React.CSSProperties}><i className="block" />now</span>
        <span style={{ "--key": "var(--accent)" } as React.CSSProperties}><i className="block" />would</span>
      </figcaption>
      <ol className="day-bars">
        {days.map((day) => {
          const says = `${day.day}: ${counted(day.now.alerts, "alert")} now, ${count(day.would.alerts)} would be`;
          return (
            <li key={day.day} title={says}>
              <span className="bars" aria-hidden="true"><i style={tall(day.now.alerts)} /><i className="would" style={tall(day.would.alerts)} /></span>
              <span className="small muted" aria-hidden="true">{day.day.slice(5)}</span>
              <span className="visually-hidden">{says}</span>
            </li>
          );
        })}
      </ol>
    </figure>
  );
}

function Devices({ devices }: Pick<Preview, "devices">) {
  const shown = devices.filter((one) => one.now.alerts > 0 || one.would.alerts > 0 || one.now.anomalous !== one.would.anomalous).slice(0, devicesShown);
  if (shown.length === 0) return null;
  return (
    <table className="table compact">
      <thead><tr><th scope="col">Device</th><th scope="col" className="num">Alerts now</th><th scope="col" className="num">Would</th><th scope="col" className="num">Records</th></tr></thead>
      <tbody>
        {shown.map((one) => (
          <tr key={one.device}>
            <td className="wrap"><a className="link" href={href(["devices", one.device])}>{one.device}</a></td>
            <td className="num">{count(one.now.alerts)}</td>
            <td className="num strong">{count(one.would.alerts)}</td>
            <td className={better(one.now.anomalous - one.now.excluded, one.would.anomalous - one.would.excluded)}>
              {difference(one.now.anomalous - one.now.excluded, one.would.anomalous - one.would.excluded)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function PreviewResult({ preview }: { preview: Preview }) {
  return (
    <div className="stack loose" data-testid="preview">
      <p>
        Of what came since {dateTime(preview.from)} and is stored, <b data-testid="preview-hidden">{counted(preview.hidden, "anomalous record")}</b> would fall silent and{" "}
        <b data-testid="preview-raised">{count(preview.raised)}</b> would be told that {preview.raised === 1 ? "is" : "are"} not now.
      </p>
      {preview.cut && <p className="note caution">There is more than one look takes in: only what came until {dateTime(preview.covered_to)} is counted. Choose a shorter span.</p>}
      <Sums preview={preview} />
      {preview.days.length > 0 && <Days days={preview.days} />}
      <Devices devices={preview.devices} />
    </div>
  );
}

import { count, percent } from "@/lib/format";

/** Each row is one truth; the colour is the share of that row: right is teal, wrong is coral. */
function shade(share: number, right: boolean): string | undefined {
  if (share <= 0) return undefined;
  // From 14 %, so that one wrong row among thousands is still seen.
  const strength = Math.round(14 + 62 * Math.sqrt(share));
  return `color-mix(in srgb, var(${right ? "--accent" : "--alarm"}) ${strength}%, var(--raised))`;
}

export function ConfusionMatrix({ labels, confusion }: { labels: readonly string[]; confusion: readonly (readonly number[])[] }) {
  return (
    <div className="table-box" tabIndex={0} role="group" aria-label="Confusion matrix">
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col" className="muted">truth ↓ said →</th>
            {labels.map((label) => <th key={label} scope="col" title={label}><span>{label}</span></th>)}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, truth) => {
            const sum = row.reduce((total, n) => total + n, 0);
            const name = labels[truth] ?? String(truth);
            return (
              <tr key={name}>
                <th scope="row" title={name}>{name}</th>
                {row.map((n, said) => {
                  const share = sum > 0 ? n / sum : 0;
                  return (
                    <td key={said} style={{ background: shade(share, truth === said) }} title={`${name} said to be ${labels[said] ?? said}: ${count(n)} (${percent(share)})`}>
                      {n === 0 ? <span className="muted">·</span> : count(n)}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

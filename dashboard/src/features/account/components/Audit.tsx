import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import { dateTime } from "@/lib/format";
import { useAudit } from "../api/account";

export function Audit() {
  const audit = useAudit();
  return (
    <Panel title="Audit" hint="who did what, newest first" flush>
      <Answer of={audit}>
        {(items) => items.length === 0 ? <Empty icon="verdicts" title="Nothing recorded yet" /> : (
          <div className="table-box">
            <table className="table">
              <thead><tr><th scope="col">Time</th><th scope="col">User</th><th scope="col">Action</th><th scope="col">Subject</th></tr></thead>
              <tbody>
                {items.map((entry, i) => (
                  <tr key={`${entry.time} ${i}`}>
                    <td className="soft">{dateTime(entry.time)}</td>
                    <td className="wrap">{entry.user}</td>
                    <td className="mono wrap">{entry.action}</td>
                    <td className="wrap soft">{entry.subject}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answer>
    </Panel>
  );
}

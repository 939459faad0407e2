import { PageHead, Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import type { Threshold } from "@/lib/api-types";
import { ago, count, dateTime, number } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { href } from "@/lib/router";
import { useIsAdmin } from "@/lib/session";
import { targetText } from "../api/target";
import { useThreshold } from "../api/threshold";
import { TargetForm } from "./TargetForm";
import { TryOut } from "./TryOut";
import { WorkingPanel } from "./WorkingPanel";

function Raises({ raises }: Pick<Threshold, "raises">) {
  const now = useNow();
  if (raises.length === 0) return null;
  return (
    <Panel title="Raised by feedback" hint="false alarms that were confirmed; each raise is bounded and ends" flush>
      <div className="table-box">
        <table className="table">
          <thead><tr><th scope="col">Kind of device</th><th scope="col" className="num">By</th><th scope="col">Alert</th><th scope="col" className="hide-phone">Said by</th><th scope="col">Ends</th></tr></thead>
          <tbody>
            {raises.map((one) => (
              <tr key={one.alert}>
                <td className="wrap">{one.device_kind || <span className="muted">names that tell no kind</span>}</td>
                <td className="num">+{number(one.amount)}</td>
                <td><a className="link" href={href(["alerts", String(one.alert)])}>{one.alert}</a> <span className="small muted">{count(one.records)} records</span></td>
                <td className="wrap hide-phone">{one.user} <span className="small muted">{ago(one.time, now)}</span></td>
                <td className="soft">{dateTime(one.expires)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

export function SensitivityPage() {
  const admin = useIsAdmin();
  const threshold = useThreshold();
  return (
    <>
      <PageHead title="Sensitivity" lead="How often you want to be told, what can be promised of it, and what it costs in misses." />
      {threshold.data === undefined ? <section className="panel"><Answer of={threshold}>{() => null}</Answer></section> : (
        <>
          {admin ? <TargetForm threshold={threshold.data} /> : (
            <Panel title="What was asked for"><p className="stack tight"><b>{targetText(threshold.data.target)}</b> <span className="note">You are signed in as a viewer. An administrator changes it.</span></p></Panel>
          )}
          <div className="columns">
            <WorkingPanel kind="flow" working={threshold.data.flow} />
            <WorkingPanel kind="reading" working={threshold.data.reading} />
          </div>
          <Raises raises={threshold.data.raises} />
          {admin && <TryOut threshold={threshold.data} />}
        </>
      )}
    </>
  );
}

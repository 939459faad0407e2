import { useState } from "react";
import { Panel } from "@/components/Panel";
import { PreviewPanel } from "@/components/PreviewPanel";
import { Segments } from "@/components/Segments";
import type { RecordKind, Threshold } from "@/lib/api-types";
import { score } from "@/lib/format";
import { useSettled } from "@/lib/hooks";
import { thresholdText } from "../api/target";

const settleMillis = 500;
const names = { flow: "Flows", reading: "Readings" } as const;

/** null: no threshold. */
export function readThreshold(text: string): number | null {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return value >= 0 && value <= 1 ? value : null;
}

function OneKind({ kind, value }: { kind: RecordKind; value: number }) {
  const [text, setText] = useState<string | null>(null);
  // Until somebody moves it, it is the threshold that works now.
  const shown = text ?? thresholdText(value);
  const wished = text === null ? value : readThreshold(text);
  const settled = useSettled(wished, settleMillis);
  return (
    <div className="columns">
      <Panel title="Try a threshold on the past" hint="changes nothing">
        <div className="stack tight">
          <label className="field">
            <span>A record is anomalous from this score on</span>
            <input className="input" inputMode="decimal" value={shown} aria-invalid={wished === null} onChange={(event) => setText(event.target.value)} />
          </label>
          <input className="slider" type="range" min={0} max={1} step={0.001} value={wished ?? value} aria-label="Threshold" aria-valuetext={score(wished ?? value)} onChange={(event) => setText(event.target.value)} />
          {wished === null && <p className="small alarm" role="alert">A threshold is a number from 0 to 1.</p>}
          <p className="small muted">One threshold for all devices, over the scores that are stored; also for those still being learned, which now need more. It works now at {thresholdText(value)}.</p>
          {text !== null && <p><button type="button" className="button small" onClick={() => setText(null)}>Back to the one that works now</button></p>}
        </div>
      </Panel>
      <PreviewPanel title="What it would have raised" hint="of what is stored" asked={settled === null || wished === null ? null : { threshold: settled, kind }}>
        A threshold is a number from 0 to 1.
      </PreviewPanel>
    </div>
  );
}

/** Any threshold over the stored past. */
export function TryOut({ threshold }: { threshold: Threshold }) {
  const kinds = (["flow", "reading"] as const).filter((kind) => threshold[kind] !== null);
  const [wanted, setWanted] = useState<RecordKind>("flow");
  const kind = kinds.includes(wanted) ? wanted : kinds[0];
  const working = kind && threshold[kind];
  if (!kind || !working) return null;
  return (
    <div className="stack">
      {kinds.length > 1 && <div><Segments label="Records to try" value={kind} options={kinds.map((one) => [one, names[one]] as const)} onChange={setWanted} /></div>}
      <OneKind key={`${kind} ${working.model}`} kind={kind} value={working.value} />
    </div>
  );
}

import { memo, useState } from "react";
import { Icon } from "@/components/Icon";
import { LabelBadge } from "@/components/Badges";
import { Panel } from "@/components/Panel";
import { ScoreBar } from "@/components/ScoreBar";
import { Empty } from "@/components/States";
import type { Verdict } from "@/lib/api-types";
import { clock, count, rate } from "@/lib/format";
import { isSample, limits, useLive } from "@/lib/live";
import { href } from "@/lib/router";

/** Rows beyond these would be drawn and never be looked at. */
const rowsShown = 40;

const Row = memo(function Row({ verdict }: { verdict: Verdict }) {
  return (
    <a className={verdict.anomalous ? "feed-row odd-one" : "feed-row"} data-testid="live-verdict" href={href(["verdicts", verdict.id])}>
      <span className="muted">{clock(verdict.received)}</span>
      <span className="cut strong">{verdict.device}</span>
      <span className="kind soft">{verdict.kind}</span>
      <span className="cut"><LabelBadge verdict={verdict} /></span>
      <ScoreBar score={verdict.score} threshold={verdict.threshold} />
    </a>
  );
});

function Rows({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <div className="feed">
      <div className="feed-head" aria-hidden="true">
        <span>Received</span><span>Device</span><span className="kind">Kind</span><span>Label</span><span>Score</span>
      </div>
      <div className="feed-list" tabIndex={-1}>
        {verdicts.slice(0, rowsShown).map((verdict) => <Row key={verdict.id} verdict={verdict} />)}
      </div>
    </div>
  );
}

function SampleNote() {
  const sample = useLive(isSample);
  const shown = useLive((state) => state.shownRate);
  const rates = useLive((state) => state.rates);
  if (!sample) return null;
  return <span className="badge caution" title="The stream carries a bounded number of verdicts a second, anomalies first. All of them are stored.">sample: {rate(shown)} of {rate(rates?.verdicts)}/s</span>;
}

export function VerdictStream() {
  const verdicts = useLive((state) => state.verdicts);
  const events = useLive((state) => state.verdictEvents);
  const [frozen, setFrozen] = useState<{ verdicts: Verdict[]; events: number } | null>(null);
  const [only, setOnly] = useState(false);
  const source = frozen?.verdicts ?? verdicts;
  const shown = only ? source.filter((verdict) => verdict.anomalous) : source;
  return (
    <Panel
      flush
      title="Live verdicts"
      hint={<span data-testid="live-count" data-count={events}>{frozen ? `paused, ${count(events - frozen.events)} since` : `${count(events)} since you opened this page`}</span>}
      actions={
        <>
          <SampleNote />
          <button type="button" className="button small" aria-pressed={only} onClick={() => setOnly(!only)}>Anomalies only</button>
          <button type="button" className="button small" aria-pressed={frozen !== null} onClick={() => setFrozen(frozen ? null : { verdicts, events })}>
            <Icon name={frozen ? "play" : "pause"} size={13} /> {frozen ? "Resume" : "Pause"}
          </button>
        </>
      }
    >
      {shown.length > 0 ? <Rows verdicts={shown} /> : (
        <Empty icon="verdicts" title={only ? "No anomalies in the stream" : "No verdicts yet"}>
          {only ? `None among the last ${count(source.length)} verdicts (at most ${limits.verdicts} are kept here).` : (
            <>Verdicts appear as devices publish. Try <code>vedette simulate --to mqtt://localhost</code> or publish JSON to <code>iot/my-device/sensor</code>.</>
          )}
        </Empty>
      )}
    </Panel>
  );
}

import { useState } from "react";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { clock, count, delay, seconds, words } from "@/lib/format";
import { href } from "@/lib/router";
import { fateText, scaleOf } from "../api/score";
import type { Lane } from "../api/score";

const shownFirst = 12;

function Bar({ lane, scale }: { lane: Lane; scale: number }) {
  const share = (value: number) => `${Math.min(1, Math.max(0, value / scale)) * 100}%`;
  const found = lane.episode.time_to_detect_seconds;
  const cut = lane.seconds > scale || lane.running;
  return (
    <span className="lane-bar" aria-hidden="true">
      <i className={`whole-of-it ${lane.fate}${cut ? " open" : ""}`} style={{ width: share(lane.seconds) }} />
      {found !== null && <i className="before" style={{ width: share(Math.min(found, lane.seconds)) }} />}
      {found !== null && <b style={{ left: share(found) }} />}
    </span>
  );
}

function Row({ lane, scale }: { lane: Lane; scale: number }) {
  const { episode } = lane;
  const by = episode.detectors.filter((one) => one.flagged > 0).map((one) => one.model).join(", ");
  const says = [
    `Episode ${episode.number}, ${lane.running ? "running for" : "lasted"} ${delay(lane.seconds)}`,
    `${count(episode.flagged)} of ${count(episode.records)} records flagged${by && ` by ${by}`}`,
  ].join("; ");
  return (
    <li>
      <a className="lane" href={href(["devices", episode.device])} title={says} data-testid="lane" data-number={episode.number} data-cause={episode.cause} data-fate={lane.fate}>
        <span className="muted when">{clock(episode.begins)}</span>
        <span className="cut what"><b className="strong">{words(episode.cause)}</b> <span className="soft">{episode.device}</span></span>
        <Bar lane={lane} scale={scale} />
        <span className={`fate ${lane.fate}`}>{fateText(lane)}</span>
        <span className="visually-hidden">{says}</span>
      </a>
    </li>
  );
}

/** The outer ones stay inside the picture. */
function Tick({ at, share }: { at: number; share: number }) {
  const shift = share < 0.05 ? "0" : share > 0.92 ? "-100%" : "-50%";
  return <span style={{ left: `${share * 100}%`, translate: shift }}>{at === 0 ? "0" : seconds(at)}</span>;
}

function Legend() {
  return (
    <p className="legend lane-legend">
      <span style={{ "--key": "var(--caution)" } as React.CSSProperties}><i className="block" />before it was found, or not yet</span>
      <span style={{ "--key": "var(--accent)" } as React.CSSProperties}><i className="block" />after it was found</span>
      <span style={{ "--key": "var(--alarm)" } as React.CSSProperties}><i className="block" />missed</span>
    </p>
  );
}

/** One lane for each episode, newest first; all begin at the left, so that delays can be compared. */
export function Lanes({ lanes }: { lanes: readonly Lane[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? lanes : lanes.slice(0, shownFirst);
  const scale = scaleOf(shown);
  if (lanes.length === 0) {
    return (
      <Panel title="Last episodes" flush>
        <Empty icon="fleet" title="Nothing has happened yet">Each attack and each fault gets a lane here: when it began, when the first of its records was flagged, when it ended.</Empty>
      </Panel>
    );
  }
  return (
    <Panel title="Last episodes" hint="newest first, from the moment each began" flush>
      <Legend />
      <div className="lane axis" aria-hidden="true">
        <span className="when">Began</span><span className="what">What, where</span>
        <span className="ticks">{scale.ticks.map((at) => <Tick key={at} at={at} share={at / scale.seconds} />)}</span>
        <span className="fate" />
      </div>
      <ol>{shown.map((lane) => <Row key={lane.key} lane={lane} scale={scale.seconds} />)}</ol>
      {lanes.length > shownFirst && (
        <div className="more">
          <button type="button" className="button small" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? `Only the last ${shownFirst}` : `Show all ${count(lanes.length)}`}
          </button>
        </div>
      )}
    </Panel>
  );
}

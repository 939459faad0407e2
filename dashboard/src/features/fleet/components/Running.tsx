import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Panel";
import { ActionError } from "@/components/States";
import type { RunningEpisode, Simulation } from "@/lib/api-types";
import { clock, number, seconds, words } from "@/lib/format";
import { href } from "@/lib/router";
import { useIsAdmin } from "@/lib/session";
import { useStop } from "../api/chaos";
import { useFleetTime } from "../api/event-time";

function Row({ episode, now }: { episode: RunningEpisode; now: number }) {
  const stop = useStop();
  const admin = useIsAdmin();
  const begins = Date.parse(episode.begins);
  const ends = Date.parse(episode.ends);
  const left = Math.max(0, ends - now) / 1000;
  const done = ends > begins ? Math.min(1, Math.max(0, (now - begins) / (ends - begins))) : 1;
  const name = words(episode.kind);
  return (
    <li className="running" data-testid="running" data-number={episode.number}>
      <div className="row">
        <span className="dot caution" />
        <span className="grow wrap">
          <b className="strong">{name}</b> <span className="soft">on </span>
          <a className="link" href={href(["devices", episode.device])}>{episode.device}</a>
        </span>
        <span className="small whole" title={`Episode ${episode.number}, since ${clock(episode.begins)}, intensity ${number(episode.intensity)}`}>
          {left > 0 ? `${seconds(Math.ceil(left))} left` : "ending"}
        </span>
        {admin && (
          <button type="button" className="button small" disabled={stop.isPending} aria-label={`Stop ${name} on ${episode.device}`} onClick={() => stop.mutate(episode.device)}>
            <Icon name="stop" size={13} /> Stop
          </button>
        )}
      </div>
      <span className="progress" aria-hidden="true"><i style={{ width: `${done * 100}%` }} /></span>
      <ActionError error={stop.error} />
    </li>
  );
}

/** @param askedAt when the service said so, by our clock, in milliseconds. */
export function Running({ fleet, askedAt }: { fleet: Simulation; askedAt: number }) {
  const now = useFleetTime(fleet.now, askedAt);
  const stop = useStop();
  const admin = useIsAdmin();
  const { episodes } = fleet;
  return (
    <Panel
      title="Running now" flush
      hint={episodes.length > 0 ? String(episodes.length) : undefined}
      actions={admin && episodes.length > 0 && (
        <button type="button" className="button small danger" disabled={stop.isPending} onClick={() => stop.mutate("")}>Stop all</button>
      )}
    >
      {stop.isError && <div className="panel-body"><ActionError error={stop.error} /></div>}
      {episodes.length > 0 ? (
        <ul>{episodes.map((episode) => <Row key={`${episode.number} ${episode.device}`} episode={episode} now={now} />)}</ul>
      ) : (
        <p className="panel-body soft">Nothing: all devices live their everyday life.</p>
      )}
    </Panel>
  );
}

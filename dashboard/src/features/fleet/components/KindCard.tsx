import { Icon } from "@/components/Icon";
import { ActionError } from "@/components/States";
import type { EpisodeKind, RunningEpisode, ScoredEpisode } from "@/lib/api-types";
import { count, words } from "@/lib/format";
import { useIsAdmin } from "@/lib/session";
import { useStart } from "../api/chaos";
import { isFound } from "../api/score";

/** On which device ("": any), for how long, how hard. */
export interface Wish {
  device: string;
  seconds: number;
  intensity: number;
}

interface KindCardProps {
  kind: EpisodeKind;
  /** null: what was typed cannot be asked for. */
  wish: Wish | null;
  /** Of this kind. */
  running: readonly RunningEpisode[];
  scored: readonly ScoredEpisode[];
}

function Start({ name, kind, wish }: { name: string; kind: EpisodeKind; wish: Wish | null }) {
  const start = useStart();
  const go = () => wish && start.mutate({
    kind: kind.name,
    ...(wish.device ? { device: wish.device } : {}),
    length_seconds: wish.seconds,
    intensity: wish.intensity,
  });
  return (
    <>
      <button type="button" className="button small" disabled={!wish || start.isPending} aria-label={`Start ${name}`} onClick={go}>
        <Icon name="play" size={13} /> Start
      </button>
      <div className="said">
        <ActionError error={start.error} />
        <p className="small soft" role="status" data-number={start.data?.number}>{start.data && `Started as episode ${start.data.number}.`}</p>
      </div>
    </>
  );
}

export function KindCard({ kind, wish, running, scored }: KindCardProps) {
  const admin = useIsAdmin();
  const name = words(kind.name);
  const found = scored.filter(isFound).length;
  return (
    <li className={running.length > 0 ? "kind live" : "kind"} data-testid="kind" data-kind={kind.name}>
      <h3 className="wrap" title={kind.name}>{name}</h3>
      <p className="small soft">{kind.meaning}</p>
      <p className="small muted facts-line">
        {kind.label && <span className="badge" title="The label of its records"><span className="cut">{kind.label}</span></span>}
        {running.length > 0 && <span className="caution">running{running.length > 1 && ` ${count(running.length)}×`}</span>}
        {scored.length > 0 && <span>{count(found)} of {count(scored.length)} found</span>}
      </p>
      {admin && <Start name={name} kind={kind} wish={wish} />}
    </li>
  );
}

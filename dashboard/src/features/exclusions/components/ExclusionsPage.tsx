import { useState } from "react";
import { AskTwice } from "@/components/AskTwice";
import { Icon } from "@/components/Icon";
import { PageHead, Panel } from "@/components/Panel";
import { PreviewPanel } from "@/components/PreviewPanel";
import { ActionError, Answer, Empty } from "@/components/States";
import type { Exclusion } from "@/lib/api-types";
import { count, counted, dateTime, seconds } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { href, useRoute } from "@/lib/router";
import { useIsAdmin } from "@/lib/session";
import { coverText } from "../api/form";
import { useDeleteExclusion, useExclusions } from "../api/exclusions";
import { ExclusionForm } from "./ExclusionForm";

function endsText(expires: string | null, now: number): string {
  if (expires === null) return "never ends";
  const left = (Date.parse(expires) - now) / 1000;
  return left > 0 ? `ends in ${seconds(left)}` : "ended";
}

function Row({ exclusion, now, away, think }: { exclusion: Exclusion; now: number; away: boolean; think: (id: number | null) => void }) {
  const admin = useIsAdmin();
  const remove = useDeleteExclusion();
  return (
    <li className="exclusion" data-testid="exclusion" data-id={exclusion.id}>
      <div className="stack tight">
        <p className="row wrapping">
          <span className={exclusion.active ? "strong wrap" : "strong wrap muted"}>{coverText(exclusion)}</span>
          {!exclusion.active && <span className="badge">not active</span>}
        </p>
        <p className="soft wrap">{exclusion.reason}</p>
        <p className="small muted facts-line">
          <span className="wrap">{exclusion.created_by}, {dateTime(exclusion.created)}</span>
          <span title={exclusion.expires === null ? undefined : dateTime(exclusion.expires)}>{endsText(exclusion.expires, now)}</span>
          <span title="Anomalous records it has hidden and that are still stored">{count(exclusion.hidden)} hidden</span>
        </p>
        <ActionError error={remove.error} />
      </div>
      {admin && (
        <div className="row wrapping end">
          <button type="button" className="button small" aria-expanded={away} onClick={() => think(away ? null : exclusion.id)}>Without it?</button>
          <AskTwice label={`Delete exclusion ${exclusion.id}`} look="small ghost" sure="Delete" busy={remove.isPending}
            onSure={() => remove.mutate(exclusion.id, { onSuccess: () => away && think(null) })}>
            <Icon name="trash" size={14} />
          </AskTwice>
        </div>
      )}
    </li>
  );
}

function All({ exclusions }: { exclusions: readonly Exclusion[] }) {
  const [away, setAway] = useState<number | null>(null);
  const now = useNow();
  return (
    <>
      <Panel title="Exclusions" hint={`${counted(exclusions.length, "exclusion")}, newest first`} flush>
        <ul>{exclusions.map((one) => <Row key={one.id} exclusion={one} now={now} away={away === one.id} think={setAway} />)}</ul>
      </Panel>
      {away !== null && <PreviewPanel title={`Without exclusion ${away}`} hint="what would be told if you deleted it" asked={{ without: [away] }} />}
    </>
  );
}

function List() {
  const admin = useIsAdmin();
  const exclusions = useExclusions();
  return (
    <>
      <PageHead title="Exclusions" lead="What you know and do not want to be told again. Deleting one brings its alerts back from then on.">
        {admin && <a className="button primary" href={href(["exclusions", "new"])}>New exclusion</a>}
      </PageHead>
      {exclusions.data && exclusions.data.length > 0 ? <All exclusions={exclusions.data} /> : (
        <Panel title="Exclusions" flush>
          <Answer of={exclusions}>
            {() => <Empty icon="exclusions" title="Nothing is excluded">{admin ? "Open an alert or an incident and choose “Exclude this…”, or begin with an empty form." : "An administrator can exclude what is known and harmless."}</Empty>}
          </Answer>
        </Panel>
      )}
    </>
  );
}

export function ExclusionsPage({ rest }: { rest: string[] }) {
  const admin = useIsAdmin();
  const { query } = useRoute();
  if (rest[0] !== "new") return <List />;
  return admin ? <ExclusionForm key={query.toString()} query={query} /> : (
    <Panel title="New exclusion"><p className="note">You are signed in as a viewer. An administrator makes exclusions.</p></Panel>
  );
}

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

function Expiry({ exclusion, now }: { exclusion: Exclusion; now: number }) {
  if (exclusion.expires === null) return <span className="soft">never</span>;
  const left = (Date.parse(exclusion.expires) - now) / 1000;
  return <span title={dateTime(exclusion.expires)}>{left > 0 ? `in ${seconds(left)}` : <span className="badge">ended</span>}</span>;
}

function Row({ exclusion, now, away, think }: { exclusion: Exclusion; now: number; away: boolean; think: (id: number | null) => void }) {
  const admin = useIsAdmin();
  const remove = useDeleteExclusion();
  return (
    <tr data-testid="exclusion" data-id={exclusion.id} className={exclusion.active ? undefined : "muted"}>
      <td className="wrap">
        <span className="strong">{coverText(exclusion)}</span>
        {!exclusion.active && <> <span className="badge">not active</span></>}
        <div className="small soft wrap">{exclusion.reason}</div>
        <div className="small muted wrap">{exclusion.created_by}, {dateTime(exclusion.created)}</div>
        <ActionError error={remove.error} />
      </td>
      <td className="whole"><Expiry exclusion={exclusion} now={now} /></td>
      <td className="num">{count(exclusion.hidden)}</td>
      {admin && (
        <td className="num">
          <span className="row wrapping end">
            <button type="button" className="button small" aria-expanded={away} onClick={() => think(away ? null : exclusion.id)}>Without it?</button>
            <AskTwice label={`Delete exclusion ${exclusion.id}`} look="small ghost" sure="Delete" busy={remove.isPending}
              onSure={() => remove.mutate(exclusion.id, { onSuccess: () => away && think(null) })}>
              <Icon name="trash" size={14} />
            </AskTwice>
          </span>
        </td>
      )}
    </tr>
  );
}

function Table({ exclusions }: { exclusions: readonly Exclusion[] }) {
  const admin = useIsAdmin();
  const [away, setAway] = useState<number | null>(null);
  const now = useNow();
  return (
    <>
      <Panel title="Exclusions" hint={`${counted(exclusions.length, "exclusion")}, newest first`} flush>
        <div className="table-box">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">What and why</th><th scope="col">Ends</th><th scope="col" className="num" title="Anomalous records it has hidden and that are still stored">Hidden</th>
                {admin && <th scope="col"><span className="visually-hidden">Actions</span></th>}
              </tr>
            </thead>
            <tbody>{exclusions.map((one) => <Row key={one.id} exclusion={one} now={now} away={away === one.id} think={setAway} />)}</tbody>
          </table>
        </div>
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
      {exclusions.data && exclusions.data.length > 0 ? <Table exclusions={exclusions.data} /> : (
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

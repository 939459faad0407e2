import { useState } from "react";
import { AskTwice } from "@/components/AskTwice";
import { ActionError } from "@/components/States";
import { Tile } from "@/components/Tile";
import type { Scoreboard, Simulation } from "@/lib/api-types";
import { clock, count, dateTime, delay, percent, short } from "@/lib/format";
import { useIsAdmin } from "@/lib/session";
import { useReset } from "../api/chaos";
import { lanesOf, newsOf, summaryOf, totalsOf } from "../api/score";
import type { Fate, Lane } from "../api/score";

/** More at once is a list, not news; the lanes have them all. */
const newsMax = 3;
/** The service sends at most this many episodes. */
const episodesMax = 200;

/** The newest results, kept until newer ones come. */
function useNews(lanes: readonly Lane[], since: string): string {
  const [known, setKnown] = useState<{ since: string; fates: Map<string, Fate> } | null>(null);
  const [news, setNews] = useState("");
  const fates = new Map(lanes.map((lane) => [lane.key, lane.fate]));
  const again = known?.since !== since;
  if (again || fates.size !== known.fates.size || [...fates].some(([key, fate]) => known.fates.get(key) !== fate)) {
    const fresh = newsOf(again ? null : known.fates, lanes);
    setKnown({ since, fates });
    if (again) setNews("");
    else if (fresh.length > 0) setNews(`${fresh.slice(-newsMax).join("; ")}.`);
  }
  return news;
}

function Headline({ lanes, joined }: { lanes: readonly Lane[]; joined: number }) {
  const { all, found, pending, median, slowest } = summaryOf(lanes);
  if (all === 0) {
    return (
      <>
        <p className="big">Nothing to find yet</p>
        <p className="soft">{joined > 0 ? "Every record so far was everyday life." : "No record has been scored so far."}</p>
      </>
    );
  }
  const rest = [
    all >= episodesMax && `of the last ${count(all)} attacks and faults`,
    slowest !== null && `slowest ${delay(slowest)}`,
    pending > 0 && `${count(pending)} not found yet but still running`,
  ].filter(Boolean).join(", ");
  return (
    <>
      <p className="big" data-testid="headline">
        <b className={found === all ? "accent" : undefined}>{count(found)} of {count(all)}</b> found{median !== null && <>, median <b>{delay(median)}</b></>}
      </p>
      <p className="soft">{rest || "attacks and faults"}</p>
    </>
  );
}

function Since({ since }: { since: string }) {
  const admin = useIsAdmin();
  const reset = useReset();
  return (
    <>
      <div className="row small muted wrapping since">
        <span title={dateTime(since)}>Counted since {clock(since)}.</span>
        {admin && <AskTwice look="small ghost" label="Reset the scoreboard" sure="Forget all results" busy={reset.isPending} onSure={() => reset.mutate()}>Reset</AskTwice>}
      </div>
      <ActionError error={reset.error} />
    </>
  );
}

/** Readable from across the room: how many, how fast, how many false alarms. */
export function Result({ board, fleet }: { board: Scoreboard; fleet: Simulation | null }) {
  const lanes = lanesOf(board.episodes, fleet?.episodes ?? [], fleet?.now ?? "");
  const totals = totalsOf(board.detectors);
  const news = useNews(lanes, board.since);
  return (
    <section className="result" aria-label="Result">
      <div className="panel headline">
        <Headline lanes={lanes} joined={board.records.joined} />
        <p className="small" aria-live="polite">{news}</p>
        <Since since={board.since} />
      </div>
      <div className="tiles three">
        <Tile name="Recall" value={percent(totals.recall)} under={totals.bad > 0 ? `${short(totals.found)} of ${short(totals.bad)} flagged` : "no bad record yet"} />
        <Tile name="Precision" value={percent(totals.precision)} under={totals.alarms > 0 ? `${short(totals.found)} of ${short(totals.alarms)} right` : "no alarm yet"} />
        <Tile name="False-positive rate" value={percent(totals.falsePositiveRate)} under={totals.benign > 0 ? `${short(totals.falseAlarms)} of ${short(totals.benign)} benign` : "no benign record yet"} />
      </div>
    </section>
  );
}

import { useEffect, useState } from "react";
import { LabelBadge } from "@/components/Badges";
import { Icon } from "@/components/Icon";
import { More } from "@/components/More";
import { PageHead, Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import { VerdictDetail, VerdictTable } from "@/components/VerdictTable";
import { count } from "@/lib/format";
import { useSettled } from "@/lib/hooks";
import { useVerdicts } from "@/lib/queries";
import type { VerdictFilter } from "@/lib/queries";
import { href, useQuery } from "@/lib/router";
import { useVerdict } from "../api/verdict";

const names = ["device", "kind", "anomalous", "label"] as const;
type Name = (typeof names)[number];

/** Typing is shown at once and asked for when it rests; other changes of the address come back in. */
function TextFilter({ name, title, value, set }: { name: Name; title: string; value: string; set: (changes: Record<string, string>) => void }) {
  const [text, setText] = useState(value);
  const settled = useSettled(text);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (settled === text && settled.trim() !== value) set({ [name]: settled.trim() });
    // Only a rest in typing asks.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [settled]);
  return (
    <label className="field">
      <span>{title}</span>
      <input className="input" type="search" placeholder="any" value={text} onChange={(event) => setText(event.target.value)} />
    </label>
  );
}

function Choice({ name, title, value, options, set }: { name: Name; title: string; value: string; options: readonly (readonly [string, string])[]; set: (changes: Record<string, string>) => void }) {
  return (
    <label className="field">
      <span>{title}</span>
      <select className="input" value={value} onChange={(event) => set({ [name]: event.target.value })}>
        {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select>
    </label>
  );
}

function VerdictList() {
  const [query, set] = useQuery();
  const filter: VerdictFilter = Object.fromEntries(names.map((name) => [name, query.get(name) ?? ""]));
  const verdicts = useVerdicts(filter);
  const filtered = names.some((name) => filter[name]);
  const loaded = verdicts.data?.pages.reduce((sum, page) => sum + page.items.length, 0);
  return (
    <>
      <PageHead title="Verdicts" lead="Every judged record, newest first." />
      <div className="filters" role="search" aria-label="Filter verdicts">
        <TextFilter name="device" title="Device" value={filter.device ?? ""} set={set} />
        <TextFilter name="label" title="Label" value={filter.label ?? ""} set={set} />
        <Choice name="kind" title="Kind" value={filter.kind ?? ""} set={set} options={[["", "flows and readings"], ["flow", "flows"], ["reading", "readings"]]} />
        <Choice name="anomalous" title="Outcome" value={filter.anomalous ?? ""} set={set} options={[["", "all"], ["true", "anomalous"], ["false", "usual"]]} />
        {filtered && <button type="button" className="button ghost" onClick={() => set({ device: "", kind: "", anomalous: "", label: "" })}><Icon name="close" size={13} /> Clear</button>}
      </div>
      <Panel title="Verdicts" flush hint={loaded === undefined ? undefined : `${count(loaded)} shown`} actions={
        <button type="button" className="button small" disabled={verdicts.isFetching} onClick={() => void verdicts.refetch()}>Refresh</button>
      }>
        <Answer of={verdicts} rows={10}>
          {(data) => {
            const items = data.pages.flatMap((page) => page.items);
            if (items.length > 0) return <VerdictTable verdicts={items} />;
            return filtered ? (
              <Empty icon="search" title="No verdict matches">Device and label match whole names; clear a filter to see more.</Empty>
            ) : (
              <Empty icon="verdicts" title="No verdicts yet">Publish a message to <code>iot/my-device/sensor</code>, or run <code>vedette simulate --to mqtt://localhost</code>.</Empty>
            );
          }}
        </Answer>
        <More of={verdicts} />
      </Panel>
    </>
  );
}

function OneVerdict({ id }: { id: string }) {
  const verdict = useVerdict(id);
  return (
    <>
      <a className="row soft small" href={href(["verdicts"])} style={{ width: "fit-content" }}><Icon name="back" size={13} /> All verdicts</a>
      <PageHead title="Verdict" />
      <section className="panel">
        <Answer of={verdict}>
          {(one) => (
            <>
              <header className="panel-head">
                <div className="grow"><h2>{one.device}</h2><LabelBadge verdict={one} /></div>
                <a className="link small" href={href(["devices", one.device])}>Device</a>
              </header>
              <div className="panel-body"><VerdictDetail verdict={one} /></div>
            </>
          )}
        </Answer>
      </section>
    </>
  );
}

export function VerdictsPage({ rest }: { rest: string[] }) {
  return rest[0] ? <OneVerdict id={rest[0]} /> : <VerdictList />;
}

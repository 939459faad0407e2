import { useId, useState } from "react";
import type { FormEvent, HTMLInputTypeAttribute } from "react";
import { Icon } from "@/components/Icon";
import { PageHead, Panel } from "@/components/Panel";
import { PreviewPanel } from "@/components/PreviewPanel";
import { ActionError } from "@/components/States";
import { useSettled } from "@/lib/hooks";
import { useDevices } from "@/lib/queries";
import { go, href } from "@/lib/router";
import { useCreateExclusion } from "../api/exclusions";
import { coverOf, exclusionOf, expiries, formOf } from "../api/form";
import type { ExclusionForm as Form, Faults } from "../api/form";

const offeredMax = 50;
const settleMillis = 500;

interface Part {
  form: Form;
  faults: Faults;
  change: (changes: Partial<Form>) => void;
}

function Text({ name, title, form, faults, change, type = "text", placeholder = "any", list, mono = false }: Part & {
  name: keyof Form;
  title: string;
  type?: HTMLInputTypeAttribute;
  placeholder?: string;
  list?: string;
  mono?: boolean;
}) {
  const hint = useId();
  const fault = faults[name];
  return (
    <label className="field">
      <span>{title}</span>
      <input className={mono ? "input mono" : "input"} type={type} value={form[name]} placeholder={placeholder} list={list} autoComplete="off" autoCapitalize="none" spellCheck={false}
        aria-invalid={fault !== undefined} aria-describedby={fault ? hint : undefined} onChange={(event) => change({ [name]: event.target.value })} />
      {fault && <span id={hint} className="small alarm" role="alert">{fault}</span>}
    </label>
  );
}

function Fields(part: Part) {
  const { form, faults, change } = part;
  const list = useId();
  const fault = useId();
  const typed = form.device.trim();
  const devices = useDevices().data ?? [];
  const offered = devices.filter((one) => one.device.includes(typed)).slice(0, offeredMax);
  return (
    <>
      <div className="form-grid">
        <Text {...part} name="device" title="Device" list={list} />
        <datalist id={list}>{offered.map((one) => <option key={one.device} value={one.device} />)}</datalist>
        <label className="field">
          <span>Kind</span>
          <select className="input" value={form.kind} aria-invalid={faults.kind !== undefined} aria-describedby={faults.kind ? fault : undefined} onChange={(event) => change({ kind: event.target.value })}>
            <option value="">flows and readings</option><option value="flow">flows</option><option value="reading">readings</option>
          </select>
          {faults.kind && <span id={fault} className="small alarm" role="alert">{faults.kind}</span>}
        </label>
        <Text {...part} name="label" title="Class" />
        <Text {...part} name="destination" title="Destination" placeholder="any address" mono />
        <Text {...part} name="port" title="Port" mono />
      </div>
      <fieldset className="form-grid">
        <legend>Time of day, in UTC</legend>
        <Text {...part} name="dayFrom" title="From" type="time" />
        <Text {...part} name="dayTo" title="To, also past midnight" type="time" />
      </fieldset>
      <fieldset className="form-grid">
        <legend>Event time, in yours</legend>
        <Text {...part} name="from" title="From" type="datetime-local" />
        <Text {...part} name="to" title="Until" type="datetime-local" />
      </fieldset>
    </>
  );
}

export function ExclusionForm({ query }: { query: URLSearchParams }) {
  const [form, setForm] = useState(() => formOf(query));
  const [tried, setTried] = useState(false);
  const create = useCreateExclusion();
  const { cover, faults } = coverOf(form);
  const settled = useSettled(JSON.stringify(cover), settleMillis);
  const asked = settled === "null" || cover === null ? null : { exclusions: [JSON.parse(settled)] };
  const wrong = tried ? exclusionOf(form, Date.now()).faults : faults;
  // An empty form is no mistake yet.
  const shown: Faults = tried ? wrong : { ...wrong, all: undefined };
  const change = (changes: Partial<Form>) => setForm((old) => ({ ...old, ...changes }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const { exclusion } = exclusionOf(form, Date.now());
    if (exclusion) create.mutate(exclusion, { onSuccess: () => go(href(["exclusions"])) });
  };
  return (
    <>
      <a className="row soft small" href={href(["exclusions"])} style={{ width: "fit-content" }}><Icon name="back" size={13} /> All exclusions</a>
      <PageHead title="New exclusion" lead="Anomalies it covers are still judged and stored; they raise no alert." />
      <div className="columns">
        <Panel title="What it covers" hint="an empty field covers all">
          <form className="stack loose" onSubmit={submit} noValidate aria-label="New exclusion">
            <Fields form={form} faults={shown} change={change} />
            <div className="form-grid">
              <label className="field"><span>Ends</span>
                <select className="input" value={form.expires} onChange={(event) => change({ expires: event.target.value })}>
                  {expiries.map(([days, text]) => <option key={days} value={days}>{text}</option>)}
                </select>
              </label>
              <Text form={form} faults={shown} change={change} name="reason" title="Why" placeholder="The nightly backup" />
            </div>
            {shown.all && <p className="note alarm" role="alert">{shown.all}</p>}
            <div className="row wrapping">
              <button type="submit" className="button primary" disabled={create.isPending}>{create.isPending ? "Saving…" : "Exclude"}</button>
              <a className="button ghost" href={href(["exclusions"])}>Cancel</a>
            </div>
            <ActionError error={create.error} />
          </form>
        </Panel>
        <PreviewPanel title="What it would hide" hint="of what is stored" asked={asked}>
          {faults.all ?? "The form has a mistake; once it is mended the stored past is looked through."}
        </PreviewPanel>
      </div>
    </>
  );
}

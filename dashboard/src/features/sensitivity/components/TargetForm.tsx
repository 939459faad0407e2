import { useState } from "react";
import type { FormEvent } from "react";
import { Panel } from "@/components/Panel";
import { Segments } from "@/components/Segments";
import { ActionError } from "@/components/States";
import type { AlarmTarget, Threshold } from "@/lib/api-types";
import { count } from "@/lib/format";
import { useSetTarget } from "../api/threshold";
import { bounds, formOf, placeOf, readTarget, sliderSteps, sliders, targetOf, targetText, valueAt } from "../api/target";
import type { Mode, TargetForm as Form } from "../api/target";

const modes: readonly (readonly [Mode, string])[] = [["alerts", "Alerts a day"], ["rate", "False alarms"], ["configured", "As configured"]];

const asked = {
  perDay: { title: "At most so many alerts a day, all devices together", slider: "Alerts a day", says: (value: number) => `${value} alerts a day` },
  oneIn: { title: "One false alarm in so many benign records", slider: "Records for one false alarm", says: (value: number) => `one in ${count(value)}` },
} as const;

function Amount({ name, form, change }: { name: "perDay" | "oneIn"; form: Form; change: (changes: Partial<Form>) => void }) {
  const { title, slider, says } = asked[name];
  const { low, high } = bounds[name];
  const range = sliders[name];
  const value = Number(form[name]);
  const place = placeOf(Number.isFinite(value) && value > 0 ? value : range.low, range);
  const wrong = readTarget(form) === null;
  return (
    <div className="stack tight">
      <label className="field">
        <span>{title}</span>
        <input className="input" inputMode="decimal" value={form[name]} aria-invalid={wrong} onChange={(event) => change({ [name]: event.target.value })} />
      </label>
      <input className="slider" type="range" min={0} max={sliderSteps} value={place} aria-label={slider} aria-valuetext={says(valueAt(place, range))}
        onChange={(event) => change({ [name]: String(valueAt(Number(event.target.value), range)) })} />
      {wrong && <p className="small alarm" role="alert">A number from {count(low) === "0" ? low : count(low)} to {count(high)}.</p>}
    </div>
  );
}

export function TargetForm({ threshold }: { threshold: Threshold }) {
  const [form, setForm] = useState(() => formOf(threshold));
  /** What was asked before the last change, to go back to. */
  const [before, setBefore] = useState<Partial<AlarmTarget> | null>(null);
  const set = useSetTarget();
  const target = readTarget(form);
  const change = (changes: Partial<Form>) => setForm((old) => ({ ...old, ...changes }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!target) return;
    const now = targetOf(threshold);
    set.mutate(target, { onSuccess: () => setBefore(now) });
  };
  const back = () => before && set.mutate(before, { onSuccess: (restored) => { setBefore(null); setForm(formOf(restored)); } });
  return (
    <Panel title="What you ask for" hint={targetText(threshold.target)}>
      <form className="stack loose" onSubmit={submit} aria-label="What you ask for">
        <Segments label="How to ask" value={form.mode} options={modes} onChange={(mode) => change({ mode })} />
        {form.mode === "alerts" && <Amount name="perDay" form={form} change={change} />}
        {form.mode === "rate" && <Amount name="oneIn" form={form} change={change} />}
        {form.mode === "configured" && <p className="soft">The configuration of the service decides.</p>}
        <div className="row wrapping">
          <button type="submit" className="button primary" disabled={target === null || set.isPending}>{set.isPending ? "Setting…" : "Set"}</button>
          {before && <button type="button" className="button" disabled={set.isPending} onClick={back}>Take back</button>}
          {set.isSuccess && <span className="small muted" role="status">Judging by it from now on.</span>}
        </div>
        <ActionError error={set.error} />
        <p className="small muted">Who asked for what is kept in the audit log. What was judged before stays as it was.</p>
      </form>
    </Panel>
  );
}

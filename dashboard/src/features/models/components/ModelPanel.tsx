import { useState } from "react";
import { ActionError } from "@/components/States";
import type { Drift, Model, ModelMetrics } from "@/lib/api-types";
import { bytes, count, dateTime, percent, score, thresholdText } from "@/lib/format";
import { useIsAdmin } from "@/lib/session";
import { useActivate } from "../api/models";
import { ClassBars } from "./ClassBars";
import { ConfusionMatrix } from "./ConfusionMatrix";
import { DriftOfModel } from "./DriftOfModel";

const figures: readonly (readonly [keyof ModelMetrics, string, (value: number) => string])[] = [
  ["accuracy", "Accuracy", percent],
  ["macro_f1", "Macro F1", score],
  ["weighted_f1", "Weighted F1", score],
  ["roc_auc", "ROC area", score],
  ["pr_auc", "PR area", score],
  ["detection_rate", "Attacks detected", percent],
  ["false_positive_rate", "False positives", percent],
  ["seen_share", "Test rows also trained on", percent],
];

function Metrics({ metrics }: { metrics: ModelMetrics }) {
  const known = figures.filter(([key]) => typeof metrics[key] === "number");
  const labels = metrics.classes?.map((one) => one.label) ?? [];
  return (
    <>
      {known.length > 0 && (
        <dl className="facts">
          {known.map(([key, name, text]) => <div key={key}><dt>{name}</dt><dd>{text(metrics[key] as number)}</dd></div>)}
          {metrics.rows !== undefined && <div><dt>Test rows</dt><dd>{count(metrics.rows)}</dd></div>}
        </dl>
      )}
      {metrics.unseen_classes && metrics.unseen_classes.length > 0 && (
        <p className="note caution">In the test set but never trained on: {metrics.unseen_classes.join(", ")}.</p>
      )}
      <div className="columns">
        {metrics.classes && metrics.classes.length > 0 && <div className="stack"><h2>By class</h2><ClassBars classes={metrics.classes} /></div>}
        {metrics.confusion && metrics.confusion.length > 0 && <div className="stack"><h2>Confusion</h2><ConfusionMatrix labels={labels} confusion={metrics.confusion} /></div>}
      </div>
    </>
  );
}

function Activate({ model }: { model: Model }) {
  const activate = useActivate();
  const [asked, setAsked] = useState(false);
  if (model.active) return null;
  return (
    <>
      {asked ? (
        <>
          <span className="small soft">It judges from the next batch on.</span>
          <button type="button" className="button small primary" disabled={activate.isPending} onClick={() => activate.mutate(model.id, { onSettled: () => setAsked(false) })}>
            {activate.isPending ? "Activating…" : `Activate for ${model.record_kind}s`}
          </button>
          <button type="button" className="button small ghost" onClick={() => setAsked(false)}>Cancel</button>
        </>
      ) : <button type="button" className="button small" onClick={() => setAsked(true)}>Activate</button>}
      <ActionError error={activate.error} />
    </>
  );
}

export function ModelPanel({ model, expanded, drift }: { model: Model; expanded: boolean; drift: Drift | null }) {
  const admin = useIsAdmin();
  const [open, setOpen] = useState(expanded);
  const { threshold } = model;
  return (
    <section className="panel" aria-label={`Model ${model.id}`}>
      <header className="panel-head">
        <div className="grow">
          <h2 className="mono">{model.id}</h2>
          {model.active && <span className="badge accent">active for {model.record_kind}s</span>}
          <span className="small muted wrap">{model.description}</span>
        </div>
        {admin && <Activate model={model} />}
        <button type="button" className="button small ghost" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Less" : "More"}</button>
      </header>
      <div className="panel-body stack loose">
        <dl className="facts">
          <div><dt>Kind</dt><dd>{model.kind}, for {model.record_kind}s</dd></div>
          {model.created && <div><dt>Created</dt><dd>{dateTime(model.created)}</dd></div>}
          <div><dt>Split</dt><dd>{model.split || "–"}</dd></div>
          <div><dt>Threshold</dt><dd>{thresholdText(threshold.value)}</dd></div>
          <div><dt>Calibrated to</dt><dd>{threshold.benign_rows > 0 ? `${percent(threshold.false_positive_rate)} of ${count(threshold.benign_rows)} benign rows` : "default, not calibrated"}</dd></div>
          <div><dt>File</dt><dd className="wrap">{model.file ? `${model.file}, ${bytes(model.bytes)}` : "none: built into the program"}</dd></div>
        </dl>
        {drift && <DriftOfModel drift={drift} />}
        {open && (model.metrics ? <Metrics metrics={model.metrics} /> : <p className="muted">This file carries no evaluation: the model learns each series while it runs, or was saved without one.</p>)}
      </div>
    </section>
  );
}

import { useState } from "react";
import type { FormEvent } from "react";
import { AlertState } from "@/components/Badges";
import { ReasonsTable } from "@/components/ReasonsTable";
import { ScoreBar } from "@/components/ScoreBar";
import { ActionError, Answer } from "@/components/States";
import type { Alert, Feedback } from "@/lib/api-types";
import { count, dateTime, seconds } from "@/lib/format";
import { href } from "@/lib/router";
import { useIsAdmin } from "@/lib/session";
import { useAlert, useMarkAlert } from "../api/alert";

const opinions: readonly (readonly [Feedback, string])[] = [
  ["true_alarm", "True alarm"],
  ["false_alarm", "False alarm"],
];

function MarkForm({ alert }: { alert: Alert }) {
  const mark = useMarkAlert(String(alert.id));
  const [comment, setComment] = useState(alert.comment);
  const { acknowledged, feedback } = alert;
  const say = (changes: Partial<Pick<Alert, "acknowledged" | "feedback" | "comment">>) =>
    mark.mutate({ acknowledged, feedback, comment, ...changes });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    say({});
  };
  return (
    <form className="stack" onSubmit={submit} aria-label="Your opinion">
      <div className="row wrapping">
        <button type="button" className={acknowledged ? "button" : "button primary"} disabled={mark.isPending} onClick={() => say({ acknowledged: !acknowledged })}>
          {acknowledged ? "Take back acknowledgement" : "Acknowledge"}
        </button>
        {opinions.map(([value, text]) => (
          <button key={value} type="button" className="button" aria-pressed={feedback === value} disabled={mark.isPending}
            onClick={() => say(feedback === value ? { feedback: "" } : { feedback: value, acknowledged: true })}>
            {text}
          </button>
        ))}
      </div>
      <label className="field">
        <span>Comment</span>
        <textarea className="input" value={comment} maxLength={2000} placeholder="What was it? The next on duty will read this." onChange={(event) => setComment(event.target.value)} />
      </label>
      <div className="row">
        <button type="submit" className="button" disabled={mark.isPending || comment === alert.comment}>{mark.isPending ? "Saving…" : "Save comment"}</button>
        {mark.isSuccess && comment === alert.comment && <span className="small muted" role="status">Saved</span>}
      </div>
      <ActionError error={mark.error} />
    </form>
  );
}

function Detail({ alert }: { alert: Alert }) {
  const admin = useIsAdmin();
  return (
    <>
      <header className="panel-head">
        <div className="grow">
          <h2>{alert.label || "Anomaly"}</h2>
          <a className="link small wrap" href={href(["devices", alert.device])}>{alert.device}</a>
        </div>
        {alert.open && <span className="badge alarm">still growing</span>}
        <AlertState alert={alert} />
      </header>
      <div className="panel-body stack loose">
        <dl className="facts">
          <div><dt>{alert.kind === "flow" ? "Anomalous flows" : "Anomalous readings"}</dt><dd>{count(alert.count)}</dd></div>
          <div><dt>Peak score</dt><dd><ScoreBar score={alert.peak_score} /></dd></div>
          <div><dt>Lasted</dt><dd>{seconds((Date.parse(alert.last) - Date.parse(alert.first)) / 1000)}</dd></div>
          <div><dt>First event</dt><dd>{dateTime(alert.first)}</dd></div>
          <div><dt>Last event</dt><dd>{dateTime(alert.last)}</dd></div>
          <div><dt>Raised</dt><dd>{dateTime(alert.raised)}</dd></div>
        </dl>
        <div className="stack tight">
          <div className="row wrapping">
            <h2 className="grow">Why: the strangest record of this run</h2>
            <a className="link small" href={href(["verdicts", alert.peak_record])}>Its verdict</a>
          </div>
          <ReasonsTable reasons={alert.reasons} />
        </div>
        {admin ? <MarkForm key={alert.id} alert={alert} /> : (
          <p className="note">{alert.comment ? <>Comment: <span className="wrap">{alert.comment}</span></> : "Viewers read alerts; an administrator can acknowledge and comment."}</p>
        )}
      </div>
    </>
  );
}

export function AlertDetail({ id }: { id: string }) {
  const alert = useAlert(id);
  return (
    <section className="panel" aria-label="Alert">
      <Answer of={alert}>{(one) => <Detail alert={one} />}</Answer>
    </section>
  );
}

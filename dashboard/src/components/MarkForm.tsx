import { useState } from "react";
import type { FormEvent } from "react";
import type { AlertMark, Feedback } from "@/lib/api-types";
import { ActionError } from "./States";

const opinions: readonly (readonly [Feedback, string])[] = [
  ["true_alarm", "True alarm"],
  ["false_alarm", "False alarm"],
];

interface Marking {
  mutate: (mark: AlertMark) => void;
  isPending: boolean;
  isSuccess: boolean;
  error: unknown;
}

/** What a person says of an alert or an incident. */
export function MarkForm({ of, marking }: { of: AlertMark; marking: Marking }) {
  const [comment, setComment] = useState(of.comment);
  const { acknowledged, feedback } = of;
  const say = (changes: Partial<AlertMark>) => marking.mutate({ acknowledged, feedback, comment, ...changes });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    say({});
  };
  return (
    <form className="stack" onSubmit={submit} aria-label="Your opinion">
      <div className="row wrapping">
        <button type="button" className={acknowledged ? "button" : "button primary"} disabled={marking.isPending} onClick={() => say({ acknowledged: !acknowledged })}>
          {acknowledged ? "Take back acknowledgement" : "Acknowledge"}
        </button>
        {opinions.map(([value, text]) => (
          <button key={value} type="button" className="button" aria-pressed={feedback === value} disabled={marking.isPending}
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
        <button type="submit" className="button" disabled={marking.isPending || comment === of.comment}>{marking.isPending ? "Saving…" : "Save comment"}</button>
        {marking.isSuccess && comment === of.comment && <span className="small muted" role="status">Saved</span>}
      </div>
      <ActionError error={marking.error} />
    </form>
  );
}

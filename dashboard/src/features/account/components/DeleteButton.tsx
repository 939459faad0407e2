import { useState } from "react";
import { Icon } from "@/components/Icon";

/** Asks once more in its own place: no dialog steals the focus. */
export function DeleteButton({ what, busy, onDelete }: { what: string; busy: boolean; onDelete: () => void }) {
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <button type="button" className="button small ghost" aria-label={`Delete ${what}`} title={`Delete ${what}`} onClick={() => setAsked(true)}>
        <Icon name="trash" size={14} />
      </button>
    );
  }
  return (
    <span className="row" style={{ justifyContent: "flex-end" }}>
      <button type="button" className="button small danger" disabled={busy} autoFocus onClick={onDelete}>Delete</button>
      <button type="button" className="button small ghost" onClick={() => setAsked(false)}>Keep</button>
    </span>
  );
}

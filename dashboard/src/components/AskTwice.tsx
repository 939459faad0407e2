import { useState } from "react";
import type { ReactNode } from "react";

interface AskTwiceProps {
  /** What the first button shows. */
  children: ReactNode;
  label?: string;
  look?: string;
  /** The word on the button that really does it. */
  sure: string;
  busy: boolean;
  onSure: () => void;
}

/** Asks once more in its own place: no dialog steals the focus. */
export function AskTwice({ children, label, look = "", sure, busy, onSure }: AskTwiceProps) {
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <button type="button" className={`button ${look}`} aria-label={label} title={label} disabled={busy} onClick={() => setAsked(true)}>
        {children}
      </button>
    );
  }
  const done = () => {
    setAsked(false);
    onSure();
  };
  return (
    <span className="row" style={{ justifyContent: "flex-end" }}>
      <button type="button" className="button small danger" autoFocus onClick={done}>{sure}</button>
      <button type="button" className="button small ghost" onClick={() => setAsked(false)}>Keep</button>
    </span>
  );
}

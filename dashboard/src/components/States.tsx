/** What a list shows when it has nothing to show: still loading, nothing there, or failed. */
import type { ReactNode } from "react";
import { ApiError } from "@/lib/http";
import { Icon } from "./Icon";
import type { IconName } from "./Icon";

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <Icon name={icon} size={26} />
      <b>{title}</b>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div className="state error" role="alert">
      <Icon name="warning" size={26} />
      <b>{error instanceof ApiError ? error.title : "Something went wrong"}</b>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {retry && (
        <button type="button" className="button small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Bones({ rows = 6 }: { rows?: number }) {
  return (
    <div className="panel-body stack" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className="bone" style={{ width: `${92 - ((row * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** Draws `children` once the answer is there; an old answer stays visible while a new one fails. */
export function Answer<T>({ of, rows, children }: { of: Asked<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return children(of.data);
  if (of.isPending) return <Bones rows={rows} />;
  return <Failed error={of.error} retry={() => void of.refetch()} />;
}

/** A failed action, in one line under its form. */
export function ActionError({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <p className="note alarm" role="alert">
      {error instanceof Error ? error.message : String(error)}
    </p>
  );
}

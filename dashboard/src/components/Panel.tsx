import { useId } from "react";
import type { ReactNode } from "react";

interface PanelProps {
  title: ReactNode;
  /** Beside the title, quiet. */
  hint?: ReactNode;
  actions?: ReactNode;
  foot?: ReactNode;
  /** Tables and lists bring their own padding. */
  flush?: boolean;
  children: ReactNode;
}

export function Panel({ title, hint, actions, foot, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <header className="panel-head">
        <div className="grow">
          <h2 id={id}>{title}</h2>
          {hint && <span className="small muted">{hint}</span>}
        </div>
        {actions}
      </header>
      {flush ? children : <div className="panel-body">{children}</div>}
      {foot && <footer className="panel-foot">{foot}</footer>}
    </section>
  );
}

export function PageHead({ title, children, lead }: { title: ReactNode; lead?: ReactNode; children?: ReactNode }) {
  return (
    <header className="page-head">
      <div className="grow">
        <h1 className="wrap">{title}</h1>
        {lead && <p>{lead}</p>}
      </div>
      {children}
    </header>
  );
}

import { Fragment, useState } from "react";
import type { Verdict } from "@/lib/api-types";
import { clock, count, dateTime, percent } from "@/lib/format";
import { href } from "@/lib/router";
import { LabelBadge } from "./Badges";
import { Icon } from "./Icon";
import { RecordFields } from "./RecordFields";
import { ScoreBar } from "./ScoreBar";
import { Why } from "./Why";

export function VerdictDetail({ verdict }: { verdict: Verdict }) {
  return (
    <div className="stack loose">
      <dl className="facts">
        <div><dt>Event time</dt><dd>{dateTime(verdict.time)}</dd></div>
        <div><dt>Received</dt><dd>{dateTime(verdict.received)}</dd></div>
        <div><dt>Score, threshold</dt><dd><ScoreBar score={verdict.score} threshold={verdict.threshold} /></dd></div>
        <div><dt>Learned of the device</dt><dd>{percent(verdict.confidence)}{verdict.learning.length > 0 && <span className="soft">, still {verdict.learning.join(", ")}</span>}</dd></div>
        <div><dt>Model</dt><dd className="mono">{verdict.model || "none"}</dd></div>
        <div><dt>Record</dt><dd className="mono small">{verdict.id}</dd></div>
        {verdict.excluded > 0 && <div><dt>Kept quiet by</dt><dd><a className="link" href={href(["exclusions"])}>exclusion {count(verdict.excluded)}</a></dd></div>}
      </dl>
      {verdict.reasons.length > 0 && <Why of={verdict} />}
      <RecordFields record={verdict.record} />
    </div>
  );
}

function Row({ verdict, open, toggle, device }: { verdict: Verdict; open: boolean; toggle: () => void; device: boolean }) {
  const classes = ["press", verdict.anomalous && "odd-one", open && "open-row"].filter(Boolean).join(" ");
  return (
    <tr className={classes} onClick={toggle}>
      <td>
        <button type="button" className="sort" aria-expanded={open} aria-label={`${open ? "Hide" : "Show"} details of the verdict on ${verdict.device}`}
          onClick={(event) => { event.stopPropagation(); toggle(); }}>
          <span style={{ display: "inline-flex", rotate: open ? "90deg" : "0deg" }}><Icon name="chevron" size={12} /></span>
          <span className="hide-phone">{dateTime(verdict.received)}</span>
          <span className="show-phone">{clock(verdict.received)}</span>
        </button>
      </td>
      {device && (
        <td className="wrap">
          <a className="link" href={href(["devices", verdict.device])} onClick={(event) => event.stopPropagation()}>{verdict.device}</a>
        </td>
      )}
      <td className="hide-phone soft">{verdict.kind}</td>
      <td><LabelBadge verdict={verdict} /></td>
      <td className="num"><ScoreBar score={verdict.score} threshold={verdict.threshold} /></td>
    </tr>
  );
}

export function VerdictTable({ verdicts, device = true }: { verdicts: readonly Verdict[]; device?: boolean }) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <div className="table-box">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Received</th>
            {device && <th scope="col">Device</th>}
            <th scope="col" className="hide-phone">Kind</th>
            <th scope="col">Label</th>
            <th scope="col" className="num">Score</th>
          </tr>
        </thead>
        <tbody>
          {verdicts.map((verdict) => (
            <Fragment key={verdict.id}>
              <Row verdict={verdict} device={device} open={open === verdict.id} toggle={() => setOpen(open === verdict.id ? null : verdict.id)} />
              {open === verdict.id && (
                <tr className="open-row">
                  <td colSpan={device ? 5 : 4}><VerdictDetail verdict={verdict} /></td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

import { useState } from "react";
import { natures } from "@/components/Badges";
import { spanText } from "@/components/IncidentList";
import type { Alert } from "@/lib/api-types";
import { clock, count, counted, dateTime } from "@/lib/format";
import { href } from "@/lib/router";
import { stripOf } from "../api/strip";
import type { Block, Lane } from "../api/strip";

const shownFirst = 12;
const dayMillis = 86_400_000;

const says = ({ alert }: Block) => `${alert.label || "Anomaly"}, ${counted(alert.count, alert.kind)}, ${spanText(alert.first, alert.last)}`;

/** Where a device has flows and readings, flows are the upper half. */
function Row({ lane }: { lane: Lane }) {
  const both = new Set(lane.blocks.map(({ alert }) => alert.kind)).size > 1;
  return (
    <li className="strip-lane" data-testid="strip-lane" data-device={lane.device}>
      <a className="link cut" href={href(["devices", lane.device])}>{lane.device}</a>
      <span className="strip-bar">
        {lane.blocks.map((block) => (
          <a key={block.alert.id} href={href(["alerts", String(block.alert.id)])} title={says(block)} aria-label={says(block)}
            className={`nature ${block.alert.nature} ${both ? block.alert.kind : "whole"}`}
            style={{ left: `${block.from * 100}%`, width: `${block.length * 100}%` }} />
        ))}
      </span>
    </li>
  );
}

/** What happened when: one lane for each device, a block from the first to the last record of each alert. */
export function TimeStrip({ alerts }: { alerts: readonly Alert[] }) {
  const [all, setAll] = useState(false);
  const strip = stripOf(alerts);
  if (!strip) return null;
  const lanes = all ? strip.lanes : strip.lanes.slice(0, shownFirst);
  const seen = new Set(alerts.map((alert) => alert.nature));
  const at = (millis: number) => {
    const time = new Date(millis).toISOString();
    return strip.ends - strip.begins < dayMillis ? clock(time) : dateTime(time);
  };
  return (
    <div className="stack">
      <p className="legend">
        {natures.filter(([key]) => seen.has(key)).map(([key, text]) => <span key={key} className={`nature ${key}`} style={{ "--key": "var(--of)" } as React.CSSProperties}><i className="block" />{text}</span>)}
      </p>
      <ol className="strip">{lanes.map((lane) => <Row key={lane.device} lane={lane} />)}</ol>
      <p className="strip-axis small muted"><span>{at(strip.begins)}</span><span>{at((strip.begins + strip.ends) / 2)}</span><span>{at(strip.ends)}</span></p>
      {strip.lanes.length > shownFirst && (
        <div className="more">
          <button type="button" className="button small" aria-expanded={all} onClick={() => setAll(!all)}>{all ? `Only the first ${shownFirst}` : `All ${count(strip.lanes.length)} devices`}</button>
        </div>
      )}
    </div>
  );
}

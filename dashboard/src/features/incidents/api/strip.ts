/** The alerts of an incident on one axis of time, a lane for each device. */
import type { Alert } from "@/lib/api-types";

export interface Block {
  alert: Alert;
  /** Shares of the axis in [0, 1]. */
  from: number;
  length: number;
}
export interface Lane {
  device: string;
  blocks: Block[];
}
export interface Strip {
  /** Milliseconds since 1970. */
  begins: number;
  ends: number;
  /** By the time of their first record. */
  lanes: Lane[];
}

/** An incident of one record still has an axis. */
const shortestMillis = 1_000;

export function stripOf(alerts: readonly Alert[]): Strip | null {
  if (alerts.length === 0) return null;
  const begins = Math.min(...alerts.map((alert) => Date.parse(alert.first)));
  const last = Math.max(...alerts.map((alert) => Date.parse(alert.last)));
  const ends = Math.max(last, begins + shortestMillis);
  const share = (time: number) => (time - begins) / (ends - begins);
  const lanes = new Map<string, Block[]>();
  const inOrder = [...alerts].sort((a, b) => Date.parse(a.first) - Date.parse(b.first) || a.id - b.id);
  for (const alert of inOrder) {
    const from = share(Date.parse(alert.first));
    const block = { alert, from, length: share(Date.parse(alert.last)) - from };
    lanes.set(alert.device, [...(lanes.get(alert.device) ?? []), block]);
  }
  return { begins, ends, lanes: [...lanes].map(([device, blocks]) => ({ device, blocks })) };
}

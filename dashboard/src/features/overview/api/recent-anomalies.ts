/**
 * Anomalies of each device while this page watches: the difference of the devices' own counters,
 * exact however little of it the live stream could show.
 */
import { useState } from "react";
import type { Device } from "@/lib/api-types";
import { useDevices } from "@/lib/queries";

const refetchMillis = 5_000;
/** Ten minutes of looks. */
const looksMax = 120;

export type Look = Map<string, number>;

export function growth(looks: readonly Look[], devices: readonly Device[]): Map<string, number> {
  const oldest = looks[0];
  const grown = new Map<string, number>();
  for (const device of devices) {
    const before = oldest?.get(device.device);
    // A device that is new since the oldest look began with nothing.
    const from = before ?? (oldest ? 0 : device.anomalies);
    grown.set(device.device, Math.max(0, device.anomalies - from));
  }
  return grown;
}

export function useRecentAnomalies() {
  const query = useDevices(refetchMillis);
  const [looks, setLooks] = useState<Look[]>([]);
  const [seen, setSeen] = useState<number>(0);
  if (query.data && query.dataUpdatedAt !== seen) {
    setSeen(query.dataUpdatedAt);
    const look: Look = new Map(query.data.map((device) => [device.device, device.anomalies]));
    setLooks([...looks, look].slice(-looksMax));
  }
  return { query, grown: growth(looks, query.data ?? []) };
}

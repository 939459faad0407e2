import type { Device } from "@/lib/api-types";

export type Column = "device" | "last_seen" | "records" | "anomalies" | "open_alerts";
export interface Order {
  column: Column;
  descending: boolean;
}

const valueOf: Record<Column, (device: Device) => string | number> = {
  device: (device) => device.device,
  last_seen: (device) => Date.parse(device.last_seen),
  records: (device) => device.flows + device.readings,
  anomalies: (device) => device.anomalies,
  open_alerts: (device) => device.open_alerts,
};

/** Equal devices stand by name, so that a table does not jump at every answer. */
export function sorted(devices: readonly Device[], order: Order): Device[] {
  const value = valueOf[order.column];
  const byName = (a: Device, b: Device) => a.device.localeCompare(b.device, "en", { numeric: true });
  return [...devices].sort((a, b) => {
    const x = value(a);
    const y = value(b);
    const sign = typeof x === "string" ? byName(a, b) : x - (y as number);
    return (order.descending ? -sign : sign) || byName(a, b);
  });
}

export function matching(devices: readonly Device[], text: string): Device[] {
  const needle = text.trim().toLowerCase();
  return needle ? devices.filter((device) => device.device.toLowerCase().includes(needle)) : [...devices];
}

/** The way from an alert or an incident to an exclusion of the same. */
import type { Alert, Incident } from "./api-types";
import { href } from "./router";

/** As narrow as the alert itself: whoever wants more takes a word away. */
export function excludeAlert(alert: Pick<Alert, "device" | "kind" | "label" | "destination" | "port">): string {
  return href(["exclusions", "new"], {
    device: alert.device, kind: alert.kind, label: alert.label, destination: alert.destination,
    port: alert.port > 0 ? String(alert.port) : undefined,
  });
}

/**
 * What all its alerts have in common: a device when there is one, its only class, and where it went. Where they have
 * nothing in common, the device that it began with.
 */
export function excludeIncident(incident: Pick<Incident, "devices" | "device_count" | "joint" | "labels" | "destination" | "port">): string {
  const label = incident.labels.length === 1 ? incident.labels[0]?.label : undefined;
  const destination = incident.joint ? "" : incident.destination;
  const port = incident.joint || incident.port === 0 ? undefined : String(incident.port);
  const shared = Boolean(label || destination || port);
  const device = incident.device_count === 1 || !shared ? incident.devices[0] : undefined;
  return href(["exclusions", "new"], { device, label, destination, port });
}

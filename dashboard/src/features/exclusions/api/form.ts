/** What is typed into the form, what is wrong with it, and what it asks for. */
import type { DaySpan, Exclusion, NewExclusion } from "@/lib/api-types";
import { dateTime } from "@/lib/format";

export interface ExclusionForm {
  device: string;
  kind: string;
  label: string;
  destination: string;
  port: string;
  /** UTC, "22:00". */
  dayFrom: string;
  dayTo: string;
  /** Local times as <input type="datetime-local"> has them: "2026-03-01T14:00". */
  from: string;
  to: string;
  /** Days until it ends; "": never. */
  expires: string;
  reason: string;
}
export type Faults = Partial<Record<keyof ExclusionForm | "all", string>>;

export const emptyForm: ExclusionForm = {
  device: "", kind: "", label: "", destination: "", port: "", dayFrom: "", dayTo: "", from: "", to: "", expires: "30", reason: "",
};
/** A network changes: what is never looked at again should be a choice. */
export const expiries = [["1", "in a day"], ["7", "in 7 days"], ["30", "in 30 days"], ["90", "in 90 days"], ["", "never"]] as const;

const portMax = 65_535;
const reasonMax = 500;
const dayMillis = 86_400_000;

/** Prefilled by the address: "#/exclusions/new?device=camera-01&port=23". */
export function formOf(query: URLSearchParams): ExclusionForm {
  const form = { ...emptyForm };
  for (const name of ["device", "kind", "label", "destination", "port"] as const) form[name] = query.get(name) ?? "";
  if (form.kind !== "flow" && form.kind !== "reading") form.kind = "";
  return form;
}

function faultsOf(form: ExclusionForm): Faults {
  const faults: Faults = {};
  const port = Number(form.port);
  if (form.port.trim() !== "" && !(Number.isInteger(port) && port >= 0 && port <= portMax)) {
    faults.port = `A port is 0 to ${portMax}.`;
  }
  if ((form.dayFrom === "") !== (form.dayTo === "")) faults.dayTo = "A time of day has a beginning and an end.";
  else if (form.dayFrom !== "" && form.dayFrom === form.dayTo) faults.dayTo = "This time of day is empty.";
  if (form.from && form.to && !(Date.parse(form.from) < Date.parse(form.to))) faults.to = "The end comes after the beginning.";
  if (form.kind === "reading" && (form.destination.trim() || form.port.trim())) {
    faults.kind = "Readings have no destination and no port: this would cover nothing.";
  }
  const any = [form.device, form.kind, form.label, form.destination, form.port, form.dayFrom, form.from, form.to].some((text) => text.trim() !== "");
  if (!any) faults.all = "Say what it covers: one of device, kind, class, destination, port, time of day and event time.";
  return faults;
}

const iso = (local: string) => new Date(local).toISOString();

/** What the form covers, without reason and expiry; null when it covers nothing that makes sense. */
export function coverOf(form: ExclusionForm): { cover: NewExclusion | null; faults: Faults } {
  const faults = faultsOf(form);
  if (Object.keys(faults).length > 0) return { cover: null, faults };
  const cover: NewExclusion = {};
  for (const name of ["device", "label", "destination"] as const) {
    const text = form[name].trim();
    if (text) cover[name] = text;
  }
  if (form.kind === "flow" || form.kind === "reading") cover.kind = form.kind;
  if (form.port.trim()) cover.port = Number(form.port);
  if (form.dayFrom) cover.day = { from: form.dayFrom, to: form.dayTo };
  if (form.from) cover.from = iso(form.from);
  if (form.to) cover.to = iso(form.to);
  return { cover, faults };
}

/** All of it, to be saved at `now`. */
export function exclusionOf(form: ExclusionForm, now: number): { exclusion: NewExclusion | null; faults: Faults } {
  const { cover, faults } = coverOf(form);
  const reason = form.reason.trim();
  if (reason === "") faults.reason = "Say why: the next on duty will ask.";
  // Bytes, as the service counts them.
  else if (new TextEncoder().encode(reason).length > reasonMax) faults.reason = `A reason has at most ${reasonMax} bytes.`;
  if (!cover || faults.reason) return { exclusion: null, faults };
  const expires = form.expires ? { expires: new Date(now + Number(form.expires) * dayMillis).toISOString() } : {};
  return { exclusion: { ...cover, ...expires, reason }, faults };
}

const dayText = (day: DaySpan) => `${day.from} to ${day.to} UTC`;

/** "flows of camera-01 called DDoS to 198.51.100.7, port 23, from 22:00 to 06:00 UTC". */
export function coverText(one: Pick<Exclusion, "device" | "kind" | "label" | "destination" | "port" | "day" | "from" | "to">): string {
  const place = [one.destination && `to ${one.destination}`, one.port !== null && `${one.destination ? "" : "to "}port ${one.port}`].filter(Boolean).join(", ");
  const words = [
    one.kind ? `${one.kind}s` : "everything",
    one.device && `of ${one.device}`,
    one.label && `called ${one.label}`,
    place,
  ].filter(Boolean).join(" ");
  const times = [
    one.day && `daily ${dayText(one.day)}`,
    one.from && `from ${dateTime(one.from)}`,
    one.to && `until ${dateTime(one.to)}`,
  ].filter(Boolean);
  return [words, ...times].join(", ");
}

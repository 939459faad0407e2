/** What may be asked of alarms, as people say it. */
import type { AlarmTarget, Threshold } from "@/lib/api-types";
import { count, number, rate, thresholdText } from "@/lib/format";

export type Mode = "alerts" | "rate" | "configured";

export interface TargetForm {
  mode: Mode;
  /** At most so many alerts a day, over all devices. */
  perDay: string;
  /** One false alarm in so many benign records. */
  oneIn: string;
}

export const bounds = { perDay: { low: 0.01, high: 1e6 }, oneIn: { low: 10, high: 1e7 } } as const;

/** Sliders go in equal steps of the logarithm: from 1 to 2 is as far as from 100 to 200. */
export const sliders = { perDay: { low: 0.1, high: 1000 }, oneIn: { low: 10, high: 1e6 } } as const;
const steps = 100;
export const sliderSteps = steps;

export function placeOf(value: number, { low, high }: { low: number; high: number }): number {
  const inside = Math.min(high, Math.max(low, value));
  return Math.round((steps * Math.log(inside / low)) / Math.log(high / low));
}

/** Two digits: nobody asks for 3.1623 alerts. */
export function valueAt(place: number, { low, high }: { low: number; high: number }): number {
  return Number((low * (high / low) ** (place / steps)).toPrecision(2));
}

export function formOf({ target, set_by }: Pick<Threshold, "target" | "set_by">): TargetForm {
  const oneIn = target.false_positive_rate ? Math.round(1 / target.false_positive_rate) : 10_000;
  const mode: Mode = set_by === "configuration" ? "configured" : target.alerts_per_day ? "alerts" : "rate";
  return { mode, perDay: number(target.alerts_per_day ?? 3).replaceAll(",", ""), oneIn: String(oneIn) };
}

/** null: what was typed is no such number. */
export function readTarget(form: TargetForm): Partial<AlarmTarget> | null {
  if (form.mode === "configured") return {};
  const name = form.mode === "alerts" ? "perDay" : "oneIn";
  const value = form[name].trim() === "" ? Number.NaN : Number(form[name]);
  if (!(value >= bounds[name].low && value <= bounds[name].high)) return null;
  return form.mode === "alerts" ? { alerts_per_day: value } : { false_positive_rate: 1 / value };
}

/** What was asked, to ask it again. */
export function targetOf({ target, set_by }: Pick<Threshold, "target" | "set_by">): Partial<AlarmTarget> {
  if (set_by === "configuration") return {};
  if (target.alerts_per_day) return { alerts_per_day: target.alerts_per_day };
  return target.false_positive_rate ? { false_positive_rate: target.false_positive_rate } : {};
}

export function targetText(target: AlarmTarget): string {
  if (target.alerts_per_day) return `at most ${rate(target.alerts_per_day)} ${target.alerts_per_day === 1 ? "alert" : "alerts"} a day`;
  if (target.false_positive_rate) return `one false alarm in ${count(1 / target.false_positive_rate)} benign records`;
  return "the threshold each model's training chose";
}

export { thresholdText };

/** "A sentence without a beginning" → with a capital and a full stop. */
export function asSentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
}

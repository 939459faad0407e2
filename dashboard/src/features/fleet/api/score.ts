/** What the scoreboard says, put together for people. Pure: tested without a page. */
import type { CauseScore, DetectorScore, RunningEpisode, ScoredEpisode } from "@/lib/api-types";
import { delay, words } from "@/lib/format";

/** Found: a detector flagged one of its records. Pending: not yet, and it still runs. */
export type Fate = "found" | "pending" | "missed";

export interface Lane {
  key: string;
  episode: ScoredEpisode;
  fate: Fate;
  running: boolean;
  /** From its beginning to its last record, or until now while it runs. */
  seconds: number;
}

export const isFound = (episode: ScoredEpisode): boolean => episode.flagged > 0;

const millis = (time: string) => Date.parse(time);

/** A simulator that starts again counts from 1 again; times may be rounded on their way. */
function same(scored: ScoredEpisode, running: RunningEpisode): boolean {
  return scored.number === running.number && scored.device === running.device && scored.cause === running.kind &&
    Math.abs(millis(scored.begins) - millis(running.begins)) < 1_000;
}

/** @param now the fleet's; "" where only the scoreboard is there. */
export function lanesOf(scored: readonly ScoredEpisode[], running: readonly RunningEpisode[], now: string): Lane[] {
  return scored.map((episode) => {
    const runs = running.some((one) => same(episode, one));
    const end = Math.max(millis(episode.last_record), runs && now ? millis(now) : 0);
    return {
      key: `${episode.number} ${episode.device} ${episode.cause} ${episode.begins}`,
      episode,
      fate: isFound(episode) ? "found" : runs ? "pending" : "missed",
      running: runs,
      seconds: Math.max(0, (end - millis(episode.begins)) / 1000),
    };
  });
}

/** null of nothing; of an even number the middle between both in the middle. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export interface Summary {
  all: number;
  found: number;
  pending: number;
  median: number | null;
  slowest: number | null;
}

export function summaryOf(lanes: readonly Lane[]): Summary {
  const delays = lanes.map((lane) => lane.episode.time_to_detect_seconds).filter((one) => one !== null);
  return {
    all: lanes.length,
    found: lanes.filter((lane) => lane.fate === "found").length,
    pending: lanes.filter((lane) => lane.fate === "pending").length,
    median: median(delays),
    slowest: delays.length > 0 ? Math.max(...delays) : null,
  };
}

export interface Totals {
  bad: number;
  found: number;
  alarms: number;
  benign: number;
  falseAlarms: number;
  recall: number | null;
  precision: number | null;
  falsePositiveRate: number | null;
}

const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : null);

/** Over all detectors: each record has the verdict of one. */
export function totalsOf(detectors: readonly DetectorScore[]): Totals {
  const sum = (pick: (one: DetectorScore) => number) => detectors.reduce((total, one) => total + pick(one), 0);
  const found = sum((one) => one.true_positives);
  const falseAlarms = sum((one) => one.false_positives);
  const bad = found + sum((one) => one.false_negatives);
  const benign = falseAlarms + sum((one) => one.true_negatives);
  return {
    bad, found, alarms: found + falseAlarms, benign, falseAlarms,
    recall: ratio(found, bad),
    precision: ratio(found, found + falseAlarms),
    falsePositiveRate: ratio(falseAlarms, benign),
  };
}

export interface CauseGroup {
  cause: string;
  label: string;
  fault: boolean;
  rows: CauseScore[];
}

/** One group for each attack, then for each fault, by name; its detectors by name. */
export function groupsOf(causes: readonly CauseScore[]): CauseGroup[] {
  const groups = new Map<string, CauseGroup>();
  for (const row of causes) {
    const group = groups.get(row.cause) ?? { cause: row.cause, label: row.label, fault: row.fault, rows: [] };
    group.rows.push(row);
    groups.set(row.cause, group);
  }
  const all = [...groups.values()];
  for (const group of all) group.rows.sort((a, b) => a.detector.localeCompare(b.detector, "en"));
  return all.sort((a, b) => Number(a.fault) - Number(b.fault) || a.cause.localeCompare(b.cause, "en"));
}

export function fateText(lane: Lane): string {
  if (lane.fate !== "found") return lane.fate === "pending" ? "not found yet" : "missed";
  const took = lane.episode.time_to_detect_seconds;
  if (took === null) return "found";
  return took < 0.1 ? "found at once" : `found after ${delay(took)}`;
}

/** What became known since `before` (fates by key), oldest first; of the first look nothing is news. */
export function newsOf(before: ReadonlyMap<string, Fate> | null, lanes: readonly Lane[]): string[] {
  if (!before) return [];
  return lanes
    .filter((lane) => lane.fate !== "pending" && before.get(lane.key) !== lane.fate)
    .map((lane) => `${words(lane.episode.cause)} on ${lane.episode.device} ${fateText(lane)}`)
    .reverse();
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

/**
 * The axis of the lanes: long enough for all, but one slow scan must not press the others together,
 * so at most four times the middle one; longer lanes run out of the picture.
 */
export function scaleOf(lanes: readonly Lane[]): { seconds: number; ticks: number[] } {
  const lengths = lanes.map((lane) => lane.seconds);
  const longest = Math.max(5, ...lengths);
  const seconds = Math.min(longest, Math.max(5, 4 * (median(lengths) ?? longest)));
  const step = steps.find((one) => seconds / one <= 5) ?? seconds;
  const ticks = [];
  for (let at = 0; at <= seconds; at += step) ticks.push(at);
  return { seconds, ticks };
}

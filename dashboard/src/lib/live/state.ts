/**
 * What the page knows of the running line, as a pure state and the steps that change it. Everything
 * is bounded: a page left open for a month holds as much as one open for ten minutes.
 */
import type {
  AlertChange,
  Counters,
  IncidentChange,
  Quarantined,
  Rates,
  Tick,
  TimelinePoint,
  Verdict,
} from "../api-types";

export const limits = {
  points: 600,
  verdicts: 200,
  alerts: 50,
  quarantined: 50,
  /** Seconds over which the rate of shown verdicts is taken. */
  sampleSeconds: 5,
} as const;

export type Connection = "connecting" | "open" | "lost";

/** One second of the line. */
export interface Point {
  /** Seconds since 1970. */
  at: number;
  received: number;
  verdicts: number;
  anomalies: number;
  quarantined: number;
}

export type LiveEvent =
  | { type: "tick"; tick: Tick }
  | { type: "verdict"; verdict: Verdict }
  | { type: "alert"; change: AlertChange }
  | { type: "incident"; change: IncidentChange }
  | { type: "quarantine"; message: Quarantined };

export interface LiveState {
  connection: Connection;
  counters: Counters | null;
  rates: Rates | null;
  sourceConnected: boolean | null;
  degraded: boolean;
  /** Oldest first. */
  points: Point[];
  /** Newest first. */
  verdicts: Verdict[];
  alerts: AlertChange[];
  quarantined: Quarantined[];
  /** Verdict events since the page was opened. */
  verdictEvents: number;
  /** Verdict events per second over the last seconds, null until measured. */
  shownRate: number | null;
  /** Bumped when an alert or an incident changed, so that lists ask again. */
  alarmChanges: number;
  lastTick: Tick | null;
  /** [verdictEvents at a tick], newest last, at most sampleSeconds + 1. */
  eventMarks: number[];
}

export const emptyLive: LiveState = {
  connection: "connecting",
  counters: null,
  rates: null,
  sourceConnected: null,
  degraded: false,
  points: [],
  verdicts: [],
  alerts: [],
  quarantined: [],
  verdictEvents: 0,
  shownRate: null,
  alarmChanges: 0,
  lastTick: null,
  eventMarks: [],
};

const secondsOf = (time: string) => Math.round(Date.parse(time) / 1000);

/** The second between two ticks as rates; null when the service restarted or time stood still. */
export function pointBetween(before: Tick, after: Tick): Point | null {
  const passed = (Date.parse(after.time) - Date.parse(before.time)) / 1000;
  const from = before.counters;
  const to = after.counters;
  if (!(passed > 0) || to.received < from.received || to.verdicts < from.verdicts) return null;
  const perSecond = (name: "received" | "verdicts" | "anomalies" | "quarantined") =>
    Math.max(0, to[name] - from[name]) / passed;
  return {
    at: secondsOf(after.time),
    received: perSecond("received"),
    verdicts: perSecond("verdicts"),
    anomalies: perSecond("anomalies"),
    quarantined: perSecond("quarantined"),
  };
}

function withTick(state: LiveState, tick: Tick): LiveState {
  const point = state.lastTick ? pointBetween(state.lastTick, tick) : null;
  const newest = state.points.at(-1)?.at ?? -Infinity;
  const points =
    point && point.at > newest ? [...state.points, point].slice(-limits.points) : state.points;
  const eventMarks = [...state.eventMarks, state.verdictEvents].slice(-(limits.sampleSeconds + 1));
  const span = eventMarks.length - 1;
  return {
    ...state,
    counters: tick.counters,
    rates: tick.rates,
    sourceConnected: tick.connected,
    degraded: tick.degraded,
    points,
    lastTick: tick,
    eventMarks,
    shownRate: span > 0 ? (eventMarks[span]! - eventMarks[0]!) / span : null,
  };
}

/** All events of one drawing at once: the lists are copied once, not for every event. */
export function withEvents(state: LiveState, events: readonly LiveEvent[]): LiveState {
  let next = state;
  const verdicts: Verdict[] = [];
  const alerts: AlertChange[] = [];
  const quarantined: Quarantined[] = [];
  let alarmChanges = state.alarmChanges;
  for (const event of events) {
    switch (event.type) {
      case "tick":
        next = withTick({ ...next, verdictEvents: state.verdictEvents + verdicts.length }, event.tick);
        break;
      case "verdict":
        verdicts.push(event.verdict);
        break;
      case "alert":
        alerts.push(event.change);
        alarmChanges += 1;
        break;
      case "incident":
        alarmChanges += 1;
        break;
      case "quarantine":
        quarantined.push(event.message);
        break;
    }
  }
  const front = <T>(fresh: T[], old: T[], limit: number) =>
    fresh.length === 0 ? old : [...fresh.reverse(), ...old].slice(0, limit);
  return {
    ...next,
    verdictEvents: state.verdictEvents + verdicts.length,
    alarmChanges,
    verdicts: front(verdicts, next.verdicts, limits.verdicts),
    alerts: front(alerts, next.alerts, limits.alerts),
    quarantined: front(quarantined, next.quarantined, limits.quarantined),
  };
}

/** The service's own memory replaces ours; newer seconds that only we saw stay. */
export function withTimeline(state: LiveState, timeline: readonly TimelinePoint[]): LiveState {
  const known: Point[] = timeline.map((point) => ({ ...point, at: secondsOf(point.time) }));
  const newest = known.at(-1)?.at ?? -Infinity;
  const points = [...known, ...state.points.filter((point) => point.at > newest)];
  return { ...state, points: points.slice(-limits.points) };
}

export function withConnection(state: LiveState, connection: Connection): LiveState {
  if (state.connection === connection) return state;
  // After a gap the difference of two ticks would show one huge second: start anew.
  if (connection === "lost") {
    return { ...state, connection, lastTick: null, eventMarks: [], shownRate: null };
  }
  return { ...state, connection };
}

/** The stream carries at most some verdicts a second: true when the line is judging more. */
export function isSample(state: LiveState): boolean {
  if (state.shownRate === null || state.rates === null) return false;
  return state.rates.verdicts > state.shownRate * 1.2 + 1;
}

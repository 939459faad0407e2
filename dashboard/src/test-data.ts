/** Whole objects for tests; each test says only what it is about. */
import type { Counters, Tick, Verdict } from "@/lib/api-types";

export function counters(changes: Partial<Counters> = {}): Counters {
  return {
    received: 0, verdicts: 0, quarantined: 0, waiting: 0, duplicates: 0,
    anomalies: 0, flows: 0, readings: 0, sink_failures: 0, ...changes,
  };
}

/** A tick `second` seconds after 2026-01-01. */
export function tick(second: number, changes: Partial<Counters> = {}, verdictRate = 0): Tick {
  return {
    time: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
    counters: counters(changes),
    rates: { received: verdictRate, verdicts: verdictRate, anomalies: 0 },
    connected: true,
    degraded: false,
  };
}

export function verdict(id: string, changes: Partial<Verdict> = {}): Verdict {
  return {
    id, device: "cam-1", kind: "flow", time: "2026-01-01T00:00:00Z", received: "2026-01-01T00:00:01Z",
    score: 0.1, threshold: 0.5, anomalous: false, certainty: "sure", label: "Benign",
    model: "tree-00000001", reasons: [], record: { proto: "tcp" }, ...changes,
  };
}

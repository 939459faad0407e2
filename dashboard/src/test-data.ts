/** Whole objects for tests; each test says only what it is about. */
import type { CauseScore, Counters, DetectorScore, RunningEpisode, Scoreboard, ScoredEpisode, Simulation, Tick, Verdict } from "@/lib/api-types";

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

/** "2026-01-01T00:00:12.000Z" for 12. */
export const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();

/** Lasted from second 10 to 40 and was found after 3.2 s. */
export function scored(changes: Partial<ScoredEpisode> = {}): ScoredEpisode {
  return {
    number: 1, device: "camera-01", cause: "udp_flood", label: "DDoS", begins: at(10), first_record: at(11), last_record: at(40),
    records: 100, flagged: 80, detectors: [{ model: "tree-00000001", flagged: 80 }], time_to_detect_seconds: 3.2, ...changes,
  };
}

export function running(changes: Partial<RunningEpisode> = {}): RunningEpisode {
  return {
    number: 1, device: "camera-01", kind: "udp_flood", label: "DDoS", begins: at(10), ends: at(70), intensity: 1, ...changes,
  };
}

export function detector(changes: Partial<DetectorScore> = {}): DetectorScore {
  return {
    model: "tree-00000001", records: 0, true_positives: 0, false_positives: 0, true_negatives: 0, false_negatives: 0,
    recall: null, precision: null, false_positive_rate: null, ...changes,
  };
}

export function causeScore(changes: Partial<CauseScore> = {}): CauseScore {
  return {
    cause: "udp_flood", label: "DDoS", fault: false, detector: "tree-00000001", records: 0, flagged: 0, named: 0,
    recall: null, precision: null, episodes: 0, episodes_detected: 0,
    time_to_detect: { median_seconds: null, max_seconds: null }, ...changes,
  };
}

export function scoreboard(changes: Partial<Scoreboard> = {}): Scoreboard {
  return {
    since: at(0), enabled: true,
    records: { joined: 0, waiting_truth: 0, waiting_verdict: 0, dropped: 0, bad_lines: 0 },
    detectors: [], causes: [], episodes: [], ...changes,
  };
}

export function simulation(changes: Partial<Simulation> = {}): Simulation {
  return {
    now: at(40), devices: ["camera-01", "pump-01"],
    kinds: [
      { name: "udp_flood", label: "DDoS", fault: false, meaning: "datagrams to one victim" },
      { name: "drift", label: "drift", fault: true, meaning: "values move away slowly" },
    ],
    episodes: [], ...changes,
  };
}

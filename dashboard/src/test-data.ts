/** Whole objects for tests; each test says only what it is about. */
import type {
  Alert, CauseScore, Counters, DetectorScore, Exclusion, Explanation, Incident, Preview, PreviewCounts, RunningEpisode, Scoreboard,
  ScoredEpisode, Simulation, Threshold, Tick, Verdict, WorkingThreshold,
} from "@/lib/api-types";

export function counters(changes: Partial<Counters> = {}): Counters {
  return {
    received: 0, verdicts: 0, quarantined: 0, waiting: 0, duplicates: 0,
    anomalies: 0, excluded: 0, flows: 0, readings: 0, sink_failures: 0, ...changes,
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

const nothingToExplain: Explanation = { sentence: "", usual_of: "training", reasons: [], changes: [], changed_score: 0, similar: [] };

export function verdict(id: string, changes: Partial<Verdict> = {}): Verdict {
  return {
    id, device: "cam-1", kind: "flow", time: "2026-01-01T00:00:00Z", received: "2026-01-01T00:00:01Z",
    score: 0.1, threshold: 0.5, anomalous: false, certainty: "sure", label: "Benign",
    confidence: 1, learning: [], suspect: "DDoS", excluded: 0, model: "tree-00000001",
    record: { proto: "tcp" }, ...nothingToExplain, ...changes,
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

/** Twelve flows to a controller, from second 10 to 40. */
export function alert(changes: Partial<Alert> = {}): Alert {
  return {
    id: 7, device: "camera-01", kind: "flow", label: "C&C", labels: [{ label: "C&C", count: 12 }], nature: "attack", count: 12,
    first: at(10), last: at(40), raised: at(11), updated: at(41), peak_score: 0.97, peak_record: "19b-1",
    destination: "198.51.100.7", port: 6667, samples: ["19b-1"], incident: 3, open: true,
    acknowledged: false, feedback: "", comment: "", ...nothingToExplain, ...changes,
  };
}

export function incident(changes: Partial<Incident> = {}): Incident {
  return {
    id: 3, title: "camera-01: C&C to 198.51.100.7:6667", nature: "attack", rank: 63, joint: false, devices: ["camera-01"], device_count: 1,
    alerts: [7], alert_count: 1, labels: [{ label: "C&C", count: 12 }], destination: "198.51.100.7", port: 6667, count: 12,
    first: at(10), last: at(40), raised: at(11), updated: at(41), peak_score: 0.97, open: true,
    acknowledged: false, feedback: "", comment: "", ...changes,
  };
}

export function exclusion(changes: Partial<Exclusion> = {}): Exclusion {
  return {
    id: 5, device: "camera-01", kind: "", label: "", destination: "", port: null, from: null, to: null, day: null,
    reason: "backup", created_by: "anna", created: at(0), expires: null, active: true, hidden: 0, ...changes,
  };
}

export function previewCounts(changes: Partial<PreviewCounts> = {}): PreviewCounts {
  return { anomalous: 0, excluded: 0, alerts: 0, incidents: 0, ...changes };
}

export function preview(changes: Partial<Preview> = {}): Preview {
  return {
    from: at(0), to: at(86_400), covered_to: at(86_400), cut: false, now: previewCounts(), would: previewCounts(),
    hidden: 0, raised: 0, days: [], devices: [], ...changes,
  };
}

export function working(changes: Partial<WorkingThreshold> = {}): WorkingThreshold {
  return {
    model: "tree-00000001", value: 0.62, device_kinds: [], kept: true, guarantee: "the threshold its training chose",
    benign_records: 0, expected_recall: null, expected_misses: null, expected_alerts: null, ...changes,
  };
}

export function threshold(changes: Partial<Threshold> = {}): Threshold {
  return {
    target: { alerts_per_day: null, false_positive_rate: null }, set_by: "configuration", devices: 8,
    flow: working(), reading: null, raises: [], ...changes,
  };
}

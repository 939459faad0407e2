/** The objects of /api/v1, as the service writes them. Times are RFC 3339 text. */

export type RecordKind = "flow" | "reading";
export type Certainty = "sure" | "learning" | "no_model";
export type Role = "admin" | "viewer";
export type Feedback = "" | "true_alarm" | "false_alarm";

export interface Page<T> {
  items: T[];
  /** The cursor of the following page; "" at the end. */
  next: string;
}
export interface Items<T> {
  items: T[];
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
}

export interface Me {
  user: string;
  role: Role;
}

/** received = verdicts + quarantined + waiting, at every moment. */
export interface Counters {
  received: number;
  verdicts: number;
  quarantined: number;
  waiting: number;
  duplicates: number;
  anomalies: number;
  flows: number;
  readings: number;
  sink_failures: number;
}

/** Per second, over the last five seconds. */
export interface Rates {
  received: number;
  verdicts: number;
  anomalies: number;
}

export interface ActiveModel {
  id: string;
  kind: string;
}

export interface Status {
  version: string;
  started: string;
  now: string;
  degraded: boolean;
  source: { description: string; connected: boolean };
  counters: Counters;
  rates: Rates;
  lag: { batch_micros: number; batch_size: number };
  store: {
    flows: number;
    readings: number;
    anomalies: number;
    alerts: number;
    quarantined: number;
    bytes: number;
  };
  models: { flow: ActiveModel | null; reading: ActiveModel | null };
  live: { subscribers: number; dropped: number };
}

export interface TimelinePoint {
  time: string;
  received: number;
  verdicts: number;
  anomalies: number;
  quarantined: number;
}
export interface Timeline {
  step_seconds: number;
  points: TimelinePoint[];
}

export interface RollUp {
  minute: string;
  flows: number;
  readings: number;
  anomalies: number;
  score_max: number;
}

export interface Device {
  device: string;
  first_seen: string;
  last_seen: string;
  flows: number;
  readings: number;
  anomalies: number;
  open_alerts: number;
}

/** [usual_low, usual_high] holds the middle 98 % of what was usual. */
export interface Reason {
  feature: string;
  value: number | null;
  usual_low: number | null;
  usual_high: number | null;
  weight: number | null;
}

export type RecordFields = Record<string, string | number | boolean | null>;

export interface Verdict {
  id: string;
  device: string;
  kind: RecordKind;
  time: string;
  received: string;
  score: number;
  threshold: number;
  anomalous: boolean;
  certainty: Certainty;
  label: string;
  model: string;
  reasons: Reason[];
  record: RecordFields;
}

export interface StoredRecord {
  id: string;
  device: string;
  kind: RecordKind;
  time: string;
  received: string;
  record: RecordFields;
}

export interface Alert {
  id: number;
  device: string;
  kind: RecordKind;
  label: string;
  count: number;
  first: string;
  last: string;
  raised: string;
  updated: string;
  peak_score: number;
  peak_record: string;
  reasons: Reason[];
  open: boolean;
  acknowledged: boolean;
  feedback: Feedback;
  comment: string;
}
export interface AlertMark {
  acknowledged: boolean;
  feedback: Feedback;
  comment: string;
}

export interface Quarantined {
  received: string;
  place: string;
  code: string;
  reason: string;
  /** The first bytes, may be binary. */
  payload: string;
  payload_bytes: number;
}

export interface ClassMetrics {
  label: string;
  support: number;
  precision: number;
  recall: number;
  f1: number;
}
/** What training measured; each kind of model fills what applies to it. */
export interface ModelMetrics {
  classes?: ClassMetrics[];
  /** [truth][predicted], in the order of `classes`. */
  confusion?: number[][];
  rows?: number;
  accuracy?: number | null;
  macro_f1?: number | null;
  weighted_f1?: number | null;
  roc_auc?: number | null;
  pr_auc?: number | null;
  false_positive_rate?: number | null;
  detection_rate?: number | null;
  seen_share?: number | null;
  unseen_classes?: string[];
}

export interface Model {
  id: string;
  file: string;
  kind: string;
  record_kind: RecordKind;
  created: string;
  classes: string[];
  split: string;
  metrics: ModelMetrics | null;
  threshold: { value: number; false_positive_rate: number; benign_rows: number };
  description: string;
  bytes: number;
  active: boolean;
}

export interface User {
  name: string;
  role: Role;
  created: string;
}
export interface Token {
  name: string;
  created: string;
  expires: string;
}
export interface NewToken {
  name: string;
  token: string;
}
export interface AuditEntry {
  time: string;
  user: string;
  action: string;
  subject: string;
}

/** An attack or a fault the simulated fleet can be told to do. */
export interface EpisodeKind {
  /** "udp_flood" */
  name: string;
  /** What its records are labelled; "" where that changes on the way. */
  label: string;
  fault: boolean;
  meaning: string;
}
/** What goes on in the simulated fleet. */
export interface RunningEpisode {
  number: number;
  device: string;
  kind: string;
  label: string;
  begins: string;
  ends: string;
  intensity: number;
}
/** Times are those of the records, which may pass faster than ours. */
export interface Simulation {
  now: string;
  devices: string[];
  kinds: EpisodeKind[];
  episodes: RunningEpisode[];
}
export interface NewEpisode {
  kind: string;
  /** Left out: chosen by chance. */
  device?: string;
  length_seconds: number;
  intensity: number;
}

/** A ratio is null while nothing was counted that could define it. */
export interface DetectorScore {
  /** A model's id, "quarantine" for refused messages, "none" where no model judged. */
  model: string;
  records: number;
  true_positives: number;
  false_positives: number;
  true_negatives: number;
  false_negatives: number;
  recall: number | null;
  precision: number | null;
  false_positive_rate: number | null;
}
export interface CauseScore {
  cause: string;
  /** Several are listed: "Attack and DDoS". */
  label: string;
  fault: boolean;
  detector: string;
  records: number;
  flagged: number;
  /** Flagged and called by the right label. */
  named: number;
  recall: number | null;
  /** Of the records that this detector flagged and called by this label, the share that really are. */
  precision: number | null;
  episodes: number;
  episodes_detected: number;
  time_to_detect: { median_seconds: number | null; max_seconds: number | null };
}
export interface ScoredEpisode {
  /** Starts again at 1 with the simulator: with device, cause and begins it is unique. */
  number: number;
  device: string;
  cause: string;
  label: string;
  begins: string;
  first_record: string;
  last_record: string;
  records: number;
  flagged: number;
  detectors: { model: string; flagged: number }[];
  /** null also when something was flagged but nobody knows when it was sent. */
  time_to_detect_seconds: number | null;
}
/** What the detectors said against what was true. */
export interface Scoreboard {
  since: string;
  enabled: boolean;
  records: {
    joined: number;
    waiting_truth: number;
    waiting_verdict: number;
    dropped: number;
    bad_lines: number;
  };
  detectors: DetectorScore[];
  causes: CauseScore[];
  /** Newest first, at most 200. */
  episodes: ScoredEpisode[];
}

/** Events of /api/v1/stream. */
export interface Tick {
  time: string;
  counters: Counters;
  rates: Rates;
  connected: boolean;
  degraded: boolean;
}
export interface AlertChange {
  event: "raised" | "updated" | "closed";
  alert: Alert;
}

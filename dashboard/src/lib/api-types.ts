/** The objects of /api/v1, as the service writes them. Times are RFC 3339 text. */

export type RecordKind = "flow" | "reading";
export type Certainty = "sure" | "learning" | "no_model";
export type Role = "admin" | "viewer";
export type Feedback = "" | "true_alarm" | "false_alarm";
/** Whom an anomaly concerns. */
export type Nature = "attack" | "behaviour" | "device_health" | "data_quality";

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
  /** Anomalies that an exclusion kept quiet. */
  excluded: number;
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
  drift: { flow: Drift | null; reading: Drift | null };
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
  /** The same in words; "" for most records of a flood. */
  text: string;
  /** Value and usual range as `text` says them; "" where it is. */
  value_text: string;
  usual_text: string;
}
/** One part of the smallest change that makes a record usual; "rate_*" is a whole family. */
export interface Change {
  feature: string;
  from: number | null;
  to: number | null;
  /** What would have been usual; "" in rows of an older service. */
  text: string;
}
/** A record that the model was trained on or, without a capture, a reading that this service found anomalous before. */
export interface Similar {
  id: string;
  device: string;
  capture: string;
  label: string;
  distance: number | null;
}
/** Why a record is anomalous; empty for all others. */
export interface Explanation {
  sentence: string;
  /** Whose usual ranges the reasons speak of. */
  usual_of: "training" | "device";
  reasons: Reason[];
  changes: Change[];
  changed_score: number | null;
  similar: Similar[];
}

export type RecordFields = Record<string, string | number | boolean | null>;

export interface Verdict extends Explanation {
  id: string;
  device: string;
  kind: RecordKind;
  time: string;
  received: string;
  score: number;
  threshold: number;
  anomalous: boolean;
  certainty: Certainty;
  /** 0 to 1: how much of what the verdict rests on has been learned. */
  confidence: number;
  /** What of the device is still being learned. */
  learning: string[];
  label: string;
  /** The likeliest class but benign. */
  suspect: string;
  model: string;
  /** The exclusion that keeps it quiet; 0: none. */
  excluded: number;
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

export interface LabelCount {
  label: string;
  count: number;
}

export interface Alert extends Explanation {
  id: number;
  device: string;
  kind: RecordKind;
  /** The class of most of its records. */
  label: string;
  labels: LabelCount[];
  nature: Nature;
  count: number;
  first: string;
  last: string;
  raised: string;
  updated: string;
  peak_score: number;
  peak_record: string;
  /** "" and 0 for readings. */
  destination: string;
  port: number;
  /** Ids of the first, tenth, hundredth and latest record. */
  samples: string[];
  incident: number;
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

/** Alerts that belong together. */
export interface Incident {
  id: number;
  title: string;
  nature: Nature;
  /** 0 to 100, the larger the more urgent. */
  rank: number;
  /** Flows and readings of one device. */
  joint: boolean;
  /** The first 50. */
  devices: string[];
  device_count: number;
  /** Ids of the first 100. */
  alerts: number[];
  alert_count: number;
  labels: LabelCount[];
  destination: string;
  port: number;
  count: number;
  first: string;
  last: string;
  raised: string;
  updated: string;
  peak_score: number;
  open: boolean;
  acknowledged: boolean;
  feedback: Feedback;
  comment: string;
}

/** Times of day in UTC, "22:00"; may pass midnight. */
export interface DaySpan {
  from: string;
  to: string;
}
/** Anomalies that raise no alert. What is null or "" covers all. */
export interface Exclusion {
  id: number;
  device: string;
  kind: "" | RecordKind;
  label: string;
  destination: string;
  port: number | null;
  from: string | null;
  to: string | null;
  day: DaySpan | null;
  reason: string;
  created_by: string;
  created: string;
  expires: string | null;
  active: boolean;
  /** Records it has hidden so far and that are still stored. */
  hidden: number;
}
/** What is left out covers all; one of those before `expires` must be there. */
export interface NewExclusion {
  device?: string;
  kind?: RecordKind;
  label?: string;
  destination?: string;
  port?: number;
  day?: DaySpan;
  from?: string;
  to?: string;
  expires?: string;
  reason?: string;
}

/** What the stored past would have been. */
export interface PreviewAsked {
  threshold?: number;
  kind?: RecordKind;
  exclusions?: NewExclusion[];
  /** Ids of exclusions to think away. */
  without?: number[];
  from?: string;
  to?: string;
}
export interface PreviewCounts {
  anomalous: number;
  excluded: number;
  alerts: number;
  incidents: number;
}
type PreviewDayCounts = Omit<PreviewCounts, "excluded">;
export interface Preview {
  from: string;
  to: string;
  covered_to: string;
  /** There were more rows than are looked at: only those up to covered_to count. */
  cut: boolean;
  now: PreviewCounts;
  would: PreviewCounts;
  /** Records told now that would not be. */
  hidden: number;
  /** Records not told now that would be. */
  raised: number;
  days: { day: string; now: PreviewDayCounts; would: PreviewDayCounts }[];
  devices: { device: string; now: PreviewCounts; would: PreviewCounts }[];
}

/** What is asked of alarms; both null: the threshold of the model's file. */
export interface AlarmTarget {
  alerts_per_day: number | null;
  false_positive_rate: number | null;
}
export interface WorkingThreshold {
  model: string;
  value: number;
  device_kinds: {
    device_kind: string;
    value: number;
    raised_by: number;
    /** Of that kind; absent where the value is that of all devices. */
    benign_records?: number;
    certified_rate?: number;
    kept?: boolean;
  }[];
  /** False: the target cannot be promised. */
  kept: boolean;
  guarantee: string;
  benign_records: number;
  expected_recall: number | null;
  expected_misses: number | null;
  /** Of a benign day; 99 of 100 days lie within low and high. */
  expected_alerts: { per_day: number; day_low: number; day_high: number } | null;
}
/** What a confirmed false alarm added to a threshold. */
export interface ThresholdRaise {
  time: string;
  expires: string;
  model: string;
  device_kind: string;
  alert: number;
  records: number;
  amount: number;
  user: string;
}
export interface Threshold {
  target: AlarmTarget;
  /** nobody: what would be. */
  set_by: "user" | "configuration" | "nobody";
  devices: number;
  flow: WorkingThreshold | null;
  reading: WorkingThreshold | null;
  raises: ThresholdRaise[];
}

/** Whether records judged normal are still like those of training. */
export interface Drift {
  model: string;
  records: number;
  score_mean: number;
  score_before: number | null;
  columns: { column: string; index: number; below: number; above: number }[];
  drifted_columns: number;
  notices: number;
  /** What the last notice said; "" before the first. */
  sentence: string;
  last_notice: string | null;
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
export interface IncidentChange {
  event: "raised" | "updated" | "closed";
  incident: Incident;
}

/// Score, Verdict, Alert and Batch: what the line makes of a record, and what it hands to sinks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/incident.hpp"
#include "record/nature.hpp"
#include "record/raw_message.hpp"
#include "record/record.hpp"

namespace vedette {

/// One direction for every model: higher is stranger, in [0, 1]. `class_index` points into the
/// model's classes, 0 being benign.
struct Score {
  float value = 0;
  std::uint16_t class_index = 0;
};

/// How much the verdict can be trusted to begin with.
enum class Certainty : std::uint8_t {
  sure,      ///< judged
  learning,  ///< the device's own state is still warming up: the verdict rests on little
  no_model,  ///< no model is active for this kind of record: score 0, never anomalous
};
std::string_view name_of(Certainty certainty);

/// What of a device is still being learned. A set of bits, so that a verdict carries it for free.
enum class Lesson : std::uint8_t {
  habits,        ///< what it does: it has made few records
  rate_minute,   ///< its rates over 1 min: it is watched for less
  rate_ten,      ///< its rates over 10 min: it is watched for less
  series_level,  ///< the level and the steps of what it measures
};
constexpr std::size_t lesson_count = 4;
constexpr std::uint8_t bit_of(Lesson lesson) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(lesson));
}
std::string_view name_of(Lesson lesson);  ///< "rates over 1 min"

/// One line of an explanation: this feature had this value; [usual_low, usual_high] holds the
/// middle 98 % of what was usual. Columns that say one thing in several ways (its horizons, the
/// choices of a category) are one line: named is the heaviest, `weight` is that of all.
struct Reason {
  std::string feature;
  float value = 0;
  float usual_low = 0;
  float usual_high = 0;
  float weight = 0;  ///< how much it moved the score; the first reason has the largest
  std::string text;  ///< "opened about 214 connections in 10 s (usual for it: 0 to 3)", or empty
  std::string value_text = {};  ///< "214", as `text` says it; empty where `text` is
  std::string usual_text = {};  ///< "0 to 3"; also empty where nothing usual is known
};

/// One part of the smallest change found that makes a record normal. `feature` is a column (of a
/// category the choice it would have been), or "source_failed_*" or "source_*": all that begins so
/// went back to what is usual, and the values are those of the heaviest.
struct Change {
  std::string feature;
  float from = 0;
  float to = 0;
  std::string text = {};  ///< "opened about 3 connections in 10 s instead of 214"
};

/// A record like it: one that the model was trained on or, of readings, one judged here before.
struct Similar {
  RecordKey key;
  std::string device;
  std::string capture;  ///< of the training data; "": judged by this service
  std::string label;
  float distance = 0;  ///< 0: equal in every column the model asks
};

/// Whose usual ranges an explanation speaks of.
enum class UsualOf : std::uint8_t {
  training,  ///< the benign records that the model was trained on
  device,    ///< what this device itself did lately
};
std::string_view name_of(UsualOf usual);
std::optional<UsualOf> usual_of_from(std::string_view name);

/// Why a record is anomalous, for people; empty for all others. In a flood most records have the
/// sentence and the reasons alone (pipeline/explain.hpp).
struct Explanation {
  std::string sentence;                  ///< one, without a line break
  UsualOf usual_of = UsualOf::training;  ///< of `reasons` and `changes`
  std::vector<Reason> reasons;           ///< the largest weight first, at most `reasons_max`
  std::vector<Change> changes;           ///< together they bring the score below the threshold
  float changed_score = 0;               ///< the score then
  std::vector<Similar> similar;          ///< the nearest first, at most `similar_max`

  static constexpr std::size_t reasons_max = 5;
  static constexpr std::size_t changes_max = 3;
  static constexpr std::size_t similar_max = 3;
  void clear();
};

struct Verdict {
  float score = 0;
  float threshold = 1;
  bool anomalous = false;  ///< score >= threshold
  Certainty certainty = Certainty::sure;
  /// How much of what the verdict rests on has been learned, in [0, 1]: 1 for a device that is
  /// known, 0 without a model. No probability that the verdict is right.
  float confidence = 1;
  std::uint8_t learning = 0;  ///< bits of Lesson: what is not; 0 unless certainty is learning
  std::string label;    ///< the class the model names ("Benign", "DDoS", "level"), "" with no model
  std::string suspect;  ///< the likeliest class but benign: the label, were the record anomalous
  std::string model;    ///< id of the model that judged ("tree-1f3a9c02")
  Explanation why;      ///< only when anomalous
  /// The exclusion that covers an anomalous record, which then raises no alert; 0: none.
  std::uint64_t excluded = 0;
};

/// A run of anomalous verdicts of one device and record kind.
struct Alert {
  std::uint64_t id = 0;
  std::string device;
  RecordKind kind = RecordKind::flow;
  std::string label;               ///< the class of most of its records
  std::vector<LabelCount> labels;  ///< at most `labels_kept_max`, in order of appearance
  Nature nature = Nature::behaviour;
  std::uint64_t count = 0;  ///< anomalous verdicts in the run
  Time first;               ///< event times
  Time last;
  Time raised;   ///< when somebody was told, service time
  Time updated;  ///< when it last grew or was held open
  float peak_score = 0;
  RecordKey peak_record;
  std::string destination;  ///< resp_h and resp_p of the peak record; "" and 0 for readings
  std::uint16_t port = 0;
  /// The first record, the tenth, the hundredth and the latest.
  std::vector<RecordKey> samples;
  Explanation why;             ///< of the peak record
  std::uint64_t incident = 0;  ///< the incident it belongs to
  bool open = true;            ///< still growing; closed after `quiet` without anything to hold it
  bool acknowledged = false;
  std::string feedback;  ///< "", "true_alarm" or "false_alarm", said by a user
  std::string comment;
};

/// A record with its verdict.
struct Judged {
  Record record;
  Truth truth;  ///< only filled for labelled files; no detector reads it
  Verdict verdict;
  Time received;
  bool is_new = true;  ///< false: the store already had this record (a redelivery)
};

struct AlertChange {
  AlertEvent event = AlertEvent::raised;
  Alert alert;
};
/// What happened to alerts and incidents.
struct AlarmChanges {
  std::vector<AlertChange> alerts;
  std::vector<IncidentChange> incidents;

  void clear();
  void append(const AlarmChanges& more);
};

/// What one step of the line carries. Reused: reset() keeps all capacity.
class Batch {
 public:
  explicit Batch(std::size_t records_max) : records_max_(records_max) {}

  /// A cleared item at the end. REQUIRES: !full().
  Judged& add();
  /// Takes back the last add() (the decoder refused it).
  void drop_last();
  bool full() const { return used_ == records_max_; }
  bool empty() const { return used_ == 0 && quarantined.empty(); }
  std::size_t size() const { return used_; }
  std::size_t records_max() const { return records_max_; }
  Judged* begin() { return items_.data(); }
  Judged* end() { return items_.data() + used_; }
  const Judged* begin() const { return items_.data(); }
  const Judged* end() const { return items_.data() + used_; }
  Judged& operator[](std::size_t i) { return items_[i]; }
  const Judged& operator[](std::size_t i) const { return items_[i]; }
  void reset();

  std::vector<Quarantined> quarantined;
  AlarmChanges alarms;         ///< filled by the store sink, read by the sinks behind it
  std::uint64_t received = 0;  ///< messages pulled for this batch = size() + quarantined

 private:
  std::vector<Judged> items_;
  std::size_t used_ = 0;
  std::size_t records_max_;
};

/// The JSON objects that API, live stream, MQTT alerts and `score` all write; one spelling for all.
/// {"id","device","kind","time","received","score","threshold","anomalous","certainty",
///  "confidence","learning":["rates over 10 min"],"label","suspect","model","excluded","sentence",
///  "usual_of","reasons":[…],"changes":[…],"changed_score","similar":[…],"record":{…}}
void append_verdict_json(std::string& out, const Judged& judged);
void append_alert_json(std::string& out, const Alert& alert);
/// The fields of an explanation, to stand inside an object:
/// "sentence":"…","usual_of":"device","reasons":[…],…
void append_explanation_fields(std::string& out, const Explanation& why);
void append_quarantined_json(std::string& out, const Quarantined& quarantined);

}  // namespace vedette

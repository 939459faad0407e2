/// The face of train/: the line that ends in a model file: captures → data set → split → fit →
/// evaluate → threshold → file.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/progress.hpp"
#include "base/result.hpp"
#include "feature/feature.hpp"
#include "model/model.hpp"
#include "record/record.hpp"

namespace vedette {

class Ingest;

// ---- the data set (docs/formats/vds.md) ----------------------------------------------------

/// What prepare did with one capture.
struct CaptureReport {
  std::string capture;      ///< the file's name without its folder
  std::uint64_t lines = 0;  ///< that carry an observation: records + dropped
  std::uint64_t records = 0;
  std::uint64_t unlabelled = 0;  ///< of `records`
  std::uint64_t dropped = 0;     ///< refused by the decoder
  struct Drop {
    std::string code;  ///< name_of(Errc)
    std::uint64_t count = 0;
    std::string first_example;  ///< "conn.log line 812: …"
  };
  std::vector<Drop> drops;
  std::vector<std::pair<std::string, std::uint64_t>> labels;  ///< by falling count
};

/// Records of one or many captures with their labels. Compact in memory (string dictionaries,
/// packed numbers); record i is rebuilt on demand, equal to what the decoder produced, key
/// included. Immutable after load; read() is thread-safe.
class Dataset {
 public:
  Dataset();
  ~Dataset();
  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;

  /// @return not_found, malformed, unsupported, corrupt, each naming the path.
  static Result<Dataset> load(const std::filesystem::path& path);
  /// The same from memory; copies the bytes. What it holds in memory is at most a small multiple of
  /// bytes.size(), whatever they say. @return malformed, unsupported, corrupt.
  static Result<Dataset> decode(std::span<const std::byte> bytes);

  std::size_t size() const;
  /// REQUIRES: i < size(). `record` is cleared and filled.
  void read(std::size_t i, Record& record) const;
  RecordKind kind(std::size_t i) const;
  Time time(std::size_t i) const;
  std::uint32_t capture(std::size_t i) const;  ///< index into captures()
  std::uint32_t label(std::size_t i) const;    ///< index into labels()
  const std::vector<std::string>& captures() const;
  /// labels()[0] is benign_label; "" stands for unlabelled records.
  const std::vector<std::string>& labels() const;
  /// The column set that prepare was asked for; "" when none was named.
  std::string_view columns() const;
  std::uint64_t fingerprint() const;  ///< of the content; printed as 16 hex digits

  struct Columns;

 private:
  std::unique_ptr<Columns> columns_;
};

/// Gathers records and writes them whole or not at all.
class DatasetWriter {
 public:
  DatasetWriter();
  ~DatasetWriter();
  DatasetWriter(DatasetWriter&&) noexcept;
  DatasetWriter& operator=(DatasetWriter&&) noexcept;

  /// Reads one capture to its end; `progress` advances by lines. @return the source's error;
  /// refused lines are not errors, they are in the report. cancelled when stop is requested,
  /// too_large beyond `records_max`. After an error the records read so far stay in the writer.
  Result<CaptureReport> add_capture(std::string name, Ingest& ingest, std::stop_token stop,
                                    Progress* progress);
  /// REQUIRES: a record that keeps the promises of record.hpp. Beyond the bounds of the format
  /// (records_max, 4 GiB of distinct text) the record is not taken and save() says so.
  void add(std::string_view capture, const Record& record, const Truth& truth);
  /// What train and compare take unless they are told otherwise. REQUIRES: at most 64 bytes.
  void set_columns(std::string_view name);
  /// @return io naming the path; too_large.
  Status save(const std::filesystem::path& path) const;
  /// The bytes save() writes. @return too_large.
  Result<std::vector<std::byte>> encode() const;
  std::size_t size() const;

  static constexpr std::size_t records_max = std::size_t{1} << 31U;

  struct Gathered;

 private:
  std::unique_ptr<Gathered> gathered_;
};

std::string to_text(std::span<const CaptureReport> reports);
std::string to_json(std::span<const CaptureReport> reports);

// ---- split, evaluation ---------------------------------------------------------------------

constexpr std::string_view leave_one_out = "leave-one-capture-out";
/// How rows are parted into training and test, labelled flows only.
/// "random": stratified by label, seeded. "time": the first share of each capture's time order is
/// trained on. "capture": whole captures, seeded, until the share is reached.
/// "kfold": `folds` times, each row tested once; stratified by label, seeded.
/// "leave-one-capture-out": as many times as there are captures, each tested once, untrained on.
struct SplitOptions {
  std::string by = "random";
  double train_share = 0.8;  ///< of the first three
  std::uint64_t seed = 1;
  std::uint32_t folds = 5;  ///< of kfold, 2 to 100
  /// Of leave-one-capture-out: captures with such a part in their name are trained on and never
  /// left out, for simulated traffic beside real; captures out of time order (samples) are neither.
  std::vector<std::string> train_only = {};
  bool whole_only = false;
};
/// Of each capture: do its flows come about in the order of time, as in a log, or were rows drawn
/// from it? In order: at most one flow in twenty ends more than ten minutes before one that stands
/// earlier. What a source did lately can be learned and asked of such captures only.
std::vector<bool> in_time_order(const Dataset& dataset);
/// Whether one of the parts stands in the capture's name.
bool names_any(const std::vector<std::string>& parts, std::string_view capture);
struct Split {
  std::vector<std::uint32_t> train;  ///< indices into the data set, rising
  std::vector<std::uint32_t> test;
};
struct Fold {
  std::string name;  ///< "random", "fold 2 of 5", the capture that is left out
  Split split;
};
/// One fold for the first three. @return out_of_range, not_found (unknown kind: lists the known).
Result<std::vector<Fold>> make_folds(const Dataset& dataset, const SplitOptions& options);
/// For a single model. @return as make_folds; out_of_range for the kinds that give many folds.
Result<Split> make_split(const Dataset& dataset, const SplitOptions& options);
/// All to train on and none to test, of the captures that leave-one-capture-out would leave out or
/// train on. @return out_of_range for fewer than two.
Result<Split> all_captures(const Dataset& dataset, const SplitOptions& options);
std::string to_text(const SplitOptions& options);  ///< "random 0.8 seed 1"

struct ClassMetrics {
  std::string label;
  std::uint64_t support = 0;                 ///< test rows of this class
  double precision = 0, recall = 0, f1 = 0;  ///< 0 when undefined, as scikit-learn does
  double flagged = 0;  ///< share of its rows answered with any class but benign
};
struct Evaluation {
  std::vector<ClassMetrics> classes;                  ///< one per label, in the order of the labels
  std::vector<std::vector<std::uint64_t>> confusion;  ///< [truth][predicted]
  std::uint64_t rows = 0;
  /// macro_f1 is the mean over the classes that occur in truth or prediction, as in scikit-learn;
  /// unknown_label is an answer and no class: rows answered so are missed by their class, but it
  /// has no F1 of its own.
  double accuracy = 0, macro_f1 = 0, weighted_f1 = 0;
  bool attack_or_not = false;      ///< as as_attack_or_not() left it
  double roc_auc = 0, pr_auc = 0;  ///< attack or not; NaN when only one of both is there
  /// At the working threshold, on the test rows that it was not calibrated on: benign rows at or
  /// above it, attack rows at or above it.
  double false_positive_rate = 0, detection_rate = 0;
  double seen_share = 0;        ///< test rows that also occur in training, bit for bit
  double accuracy_ceiling = 1;  ///< of any model: equal test rows have different classes
  std::vector<std::string> unseen_classes;  ///< in the test set, never trained on
};
std::string to_text(const Evaluation& evaluation);
std::string to_json(const Evaluation& evaluation);
/// `truth` and `predicted` index into `labels`, labels[0] being benign; `score` is Score::value.
/// REQUIRES: equal sizes, indices below labels.size(), no NaN. The rates at the threshold and what
/// needs the training rows are left as they are.
Evaluation evaluate(std::span<const std::string> labels, std::span<const std::uint16_t> truth,
                    std::span<const std::uint16_t> predicted, std::span<const float> score);
/// For a model that names no attack: accuracy and the F1s become those of two classes, benign and
/// all others; an attack's recall is the share of its rows that was flagged, its precision and F1
/// are undefined. The confusion keeps what was answered.
void as_attack_or_not(Evaluation& out);
/// How many of the classes may stand in truth: all but an unknown that no row has.
std::size_t classes_of_truth(const Evaluation& evaluation);
/// Fills the two rates.
void evaluate_threshold(Evaluation& out, std::span<const std::uint16_t> truth,
                        std::span<const float> score, float threshold);

struct CurvePoint {
  double x = 0, y = 0;
};
/// False-positive rate → recall, and recall → precision, of attack or not, from the strictest
/// threshold to the loosest. Empty when only one of both is there.
struct Curves {
  std::vector<CurvePoint> roc, pr;
};
/// At most about `points_max` points each: steps shorter than 2 / points_max are passed over.
Curves curves_of(std::span<const std::uint16_t> truth, std::span<const float> score,
                 std::size_t points_max);

// ---- train ---------------------------------------------------------------------------------

/// Of leave-one-capture-out.
struct LeaveOutOptions {
  /// Above 0: figures are also given for a threshold raised by the capture's own first so many
  /// records, taken for benign: what a service does that watches a new network before it speaks.
  std::uint32_t adapt = 0;
  /// Benign rows whose label is in doubt are reported apart: "34-1:185.244.25.235", "42-1::4975"
  /// (part of the capture's name, address, port).
  std::vector<std::string> doubtful;
  /// Benign rows of captures with attacks are not trained on when a model of the other captures
  /// takes them for an attack.
  bool drop_doubted = false;
};
struct TrainOptions {
  bool controls = false;  ///< compare: shortcut and shuffled-label controls beside the models
  bool without = false;   ///< compare: fitted again without each family of columns
  std::string columns = "behaviour";  ///< see flow_column_sets()
  bool binary = false;                ///< classes Benign and Malicious instead of each label
  SplitOptions split;
  /// The threshold is calibrated to this on held-out rows; see calibration.hpp.
  double false_positive_rate = false_positive_rate_default;
  double alerts_per_day = 0;  ///< above 0: the threshold follows from this budget instead
  unsigned devices = 1;       ///< of the fleet that the budget is for
  LeaveOutOptions leave_out;
  FitOptions fit;
  std::string created;  ///< RFC 3339, for the file
};
struct Trained {
  ModelFile file;  ///< its section calibration holds `calibration`
  Evaluation evaluation;
  Calibration calibration;
  std::optional<Budgeted> budget;  ///< when one was asked for and alerts could be counted
  double fit_seconds = 0;
  std::vector<std::string> notes;  ///< what a user should know before trusting the threshold
};
/// Fits on the training rows only: features, model and usual ranges; calibration and threshold on
/// one half of the test rows, whose rates at it are measured on the other half: the later one for a
/// split by time or capture. Leaving captures out, the model is fitted on all of them, for a
/// network that is none of them: rows are measured by models fitted without their capture, and the
/// threshold is the strictest that a capture without attacks would have needed. Alerts a day can be
/// counted for these alone: a random split leaves holes in the traffic. Rows are replayed in time
/// order per capture through fresh windows. @return out_of_range (no benign rows, too few rows;
/// nothing but benign rows for a kind that learns from classes), cancelled.
Result<Trained> train(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options);

// ---- compare -------------------------------------------------------------------------------

struct Contender {
  const ModelKind* kind = nullptr;
  std::map<std::string, std::string, std::less<>> values;  ///< FitOptions::values of this one
};
/// What one fold says of one model. Here a row counts as detected when the class answered is not
/// benign; no threshold is asked.
struct FoldFigures {
  std::string fold;
  std::uint64_t rows = 0;
  double accuracy = 0, macro_f1 = 0;
  double recall = 0;               ///< of attack rows; NaN without any
  double false_positive_rate = 0;  ///< of benign rows; NaN without any
};
/// How much macro-F1 is lost when a column's values are dealt to the test rows at random (Breiman
/// 2001). The columns made from one category are shuffled together.
struct Importance {
  std::string column;
  double loss = 0;
};
/// At one threshold. Shares are NaN without such rows.
struct CaptureRates {
  float threshold = 0;
  std::uint64_t attacks = 0, benign = 0;
  std::uint64_t doubtful = 0;  ///< of the benign: LeaveOutOptions
  double recall = 0, false_positive_rate = 0;
  double false_positive_rate_sure = 0;                    ///< without the doubtful
  std::uint64_t false_alarms = 0, false_alarms_sure = 0;  ///< alerts, folded as in the service
  double device_days = 0;  ///< 0: not in the order of time, alerts a day mean nothing
  double false_alarms_per_device_day() const { return per_day(false_alarms); }
  double false_alarms_sure_per_device_day() const { return per_day(false_alarms_sure); }

 private:
  double per_day(std::uint64_t alerts) const;  ///< NaN when device_days is 0
};
/// What one left-out capture says of one model at the threshold that benign rows of the captures
/// trained on give.
struct CaptureFigures {
  std::string capture;
  bool in_time_order = true;
  Certified threshold;     ///< by calibration; the one worked with is rates.threshold, at least 0.5
  std::string decided_by;  ///< the capture whose benign rows asked for the strictest threshold
  std::uint64_t dropped_rows = 0;  ///< of training, for their doubted labels
  CaptureRates rates;
  std::optional<CaptureRates> adapted;  ///< of the rows behind those adapted to
  /// From the first attack record to the first that alarms: attack records before it, and their
  /// time. NaN: there were none, none was found, or the capture is not in the order of time.
  double delay_records = 0, delay_seconds = 0;
  struct Class {
    std::string label;
    std::uint64_t rows = 0;
    double recall = 0;
  };
  std::vector<Class> classes;  ///< of attacks
};
/// What became of a stated false-positive rate on benign rows that the threshold did not know.
struct CalibrationPoint {
  double stated = 0;
  std::uint64_t alarms = 0, rows = 0;
  double observed() const {
    return rows > 0 ? static_cast<double>(alarms) / static_cast<double>(rows) : 0;
  }
};
/// A control over the test rows of all folds: attack or not, taken for one from a score of 0.5 on.
/// Over the test rows whose label is not in doubt.
struct Control {
  std::string name;  ///< "ports alone", "time alone", "shuffled labels"
  double roc_auc = 0, pr_auc = 0, recall = 0, false_positive_rate = 0;
};
/// A model fitted again without a family of columns, on the fold with the most attack rows.
struct Without {
  std::string family;  ///< "": with all
  std::uint32_t columns = 0;
  double roc_auc = 0, pr_auc = 0;
};
struct Compared {
  std::string model;
  std::string description;                   ///< of the last fold's model
  std::string problem;                       ///< why there are no figures; empty when there are
  Evaluation evaluation;                     ///< over the test rows of all folds
  double roc_auc_sure = 0, pr_auc_sure = 0;  ///< without the rows whose label is in doubt
  Curves curves;
  std::vector<FoldFigures> folds;
  std::vector<CaptureFigures> captures;       ///< of leave-one-capture-out
  std::vector<CalibrationPoint> calibration;  ///< over the benign test rows of all folds
  std::vector<Without> without;
  std::vector<Importance> importances;  ///< by falling loss, on the fold with the most attacks
  double fit_seconds = 0;               ///< of all folds
  double ns_per_row = 0;                ///< one thread, batches of 1024
  std::uint64_t bytes = 0;              ///< of the model, largest fold
};
struct Comparison {
  std::uint64_t data_fingerprint = 0;
  std::string columns, split, created;
  bool binary = false;
  std::size_t width = 0;  ///< columns of a row, largest fold
  std::uint64_t train_rows = 0, test_rows = 0;
  double seen_share = 0, accuracy_ceiling = 1;
  std::vector<std::string> unseen_classes;
  std::vector<std::string> notes;  ///< folds that could not be used, and why
  std::vector<Compared> models;
  std::vector<Control> controls;
};
/// Makes the rows of each fold once, then fits and tests every contender on them. `options.fit` is
/// shared but for its values. A model that refuses the rows is listed with its reason, a fold that
/// cannot be trained on (no benign rows, one class) is noted. @return out_of_range when no fold can
/// be used, not_found, cancelled.
Result<Comparison> compare(const Dataset& dataset, std::span<const Contender> contenders,
                           const TrainOptions& options);
std::string to_text(const Comparison& comparison);
std::string to_json(const Comparison& comparison);
/// One page that needs nothing else: tables, curves, confusion matrices.
std::string to_html(const Comparison& comparison, std::string_view title);

// ---- search --------------------------------------------------------------------------------

struct SearchOptions {
  std::uint32_t trials = 24;  ///< settings tried at most, the default among them; 2 to 1000
  std::uint32_t folds = 3;    ///< each is cross-validated on the training rows
};
struct Trial {
  std::map<std::string, std::string, std::less<>> values;
  std::uint64_t rows = 0;  ///< of training, in the last rung it reached
  double macro_f1 = 0;     ///< mean over the folds there
};
struct Searched {
  std::vector<Trial> trials;  ///< best first: by rung reached, then by macro-F1
};
/// Successive halving (Jamieson, Talwalkar 2016): settings drawn without replacement from
/// kind.search are cross-validated on few training rows; the better third goes on to three times
/// as many, until all are used. Test rows are never seen. `options.fit.values` are fixed and taken
/// out of the space. @return as train; out_of_range when there is nothing to search.
Result<Searched> search(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options,
                        const SearchOptions& search);
std::string to_text(const Searched& searched);
std::string to_json(const Searched& searched);

// ---- pictures of a tree --------------------------------------------------------------------

/// The questions of a tree model down to `depth_max`, indented. @return unsupported: not a tree.
Result<std::string> tree_text(const ModelFile& file, std::uint32_t depth_max);
/// The same as a drawing.
Result<std::string> tree_svg(const ModelFile& file, std::uint32_t depth_max);

}  // namespace vedette

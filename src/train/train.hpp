/// The face of train/: the line that ends in a model file: captures → data set → split → fit →
/// evaluate → threshold → file.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
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
  std::string capture;  ///< the file's name without its folder
  std::uint64_t lines = 0;
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
  /// Reads one capture to its end. @return the source's error; refused lines are not errors, they
  /// are in the report. cancelled when stop is requested.
  Result<CaptureReport> add_capture(std::string name, Ingest& ingest, std::stop_token stop,
                                    Progress* progress);
  void add(std::string_view capture, const Record& record, const Truth& truth);
  Status save(const std::filesystem::path& path) const;
  std::size_t size() const;

 private:
  std::unique_ptr<Dataset::Columns> columns_;
};

std::string to_text(std::span<const CaptureReport> reports);
std::string to_json(std::span<const CaptureReport> reports);

// ---- split, evaluation ---------------------------------------------------------------------

/// "random": stratified by label, seeded. "time": the first share of each capture's time order is
/// trained on. "capture": whole captures, seeded, until the share is reached.
struct SplitOptions {
  std::string by = "random";
  double train_share = 0.8;
  std::uint64_t seed = 1;
};
struct Split {
  std::vector<std::uint32_t> train;  ///< indices into the data set, rising
  std::vector<std::uint32_t> test;
};
/// Flows with a label only. @return out_of_range, not_found (unknown kind: lists the known).
Result<Split> make_split(const Dataset& dataset, const SplitOptions& options);

struct ClassMetrics {
  std::string label;
  std::uint64_t support = 0;                 ///< test rows of this class
  double precision = 0, recall = 0, f1 = 0;  ///< 0 when undefined, as scikit-learn does
};
struct Evaluation {
  std::vector<ClassMetrics> classes;
  std::vector<std::vector<std::uint64_t>> confusion;  ///< [truth][predicted]
  std::uint64_t rows = 0;
  double accuracy = 0, macro_f1 = 0, weighted_f1 = 0;
  double roc_auc = 0, pr_auc = 0;           ///< attack or not; NaN when only one of both is there
  double false_positive_rate = 0;           ///< benign test rows at or above the working threshold
  double detection_rate = 0;                ///< attack rows at or above it
  double seen_share = 0;                    ///< test rows that also occur in training, bit for bit
  std::vector<std::string> unseen_classes;  ///< in the test set, never trained on
};
std::string to_text(const Evaluation& evaluation);
std::string to_json(const Evaluation& evaluation);
/// `truth` and `predicted` index into `labels`; `score` is Score::value.
Evaluation evaluate(std::span<const std::string> labels, std::span<const std::uint16_t> truth,
                    std::span<const std::uint16_t> predicted, std::span<const float> score,
                    float threshold);

// ---- train ---------------------------------------------------------------------------------

struct TrainOptions {
  std::string columns = "behaviour";  ///< see flow_column_sets()
  bool binary = false;                ///< classes Benign and Malicious instead of each label
  SplitOptions split;
  double false_positive_rate = 1e-3;  ///< the threshold is calibrated to this on held-out rows
  FitOptions fit;
  std::string created;  ///< RFC 3339, for the file
};
struct Trained {
  ModelFile file;
  Evaluation evaluation;
  double fit_seconds = 0;
};
/// Fits on the training rows only: features, model and usual ranges; the threshold on the half of
/// the test rows that the metrics are not computed on. Rows are replayed in time order per capture
/// through fresh windows. @return out_of_range (one class, no benign rows, too few rows),
/// cancelled.
Result<Trained> train(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options);

}  // namespace vedette

/// The face of model/: how a row becomes a Score, and the file a model lives in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/progress.hpp"
#include "base/result.hpp"
#include "model/calibration.hpp"
#include "model/exemplars.hpp"
#include "record/schema.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// A row-major matrix of floats; borrows.
struct Rows {
  const float* data = nullptr;
  std::size_t count = 0;
  std::size_t width = 0;
  std::span<const float> operator[](std::size_t i) const { return {data + i * width, width}; }
};

/// REQUIRES: labels.size() == rows.count, every label < classes.size(); weights empty or one
/// positive weight a row; classes[0] is benign_label. Values may be NaN (missing), not infinite:
/// fit functions refuse what breaks this with out_of_range or mismatch.
struct TrainingSet {
  Rows rows;
  std::span<const std::uint16_t> labels;
  std::span<const float> weights;
  /// Which rows were recorded together, in one network: any number, the same for all of them.
  /// Empty: all. Models of benign rows measure on captures left out how strange the next network
  /// will be.
  std::span<const std::uint32_t> captures;
  std::vector<std::string> classes;
  Schema schema;
};

struct FitOptions {
  std::map<std::string, std::string, std::less<>> values;  ///< "depth_max" → "12"; see each model
  std::uint64_t seed = 1;
  unsigned threads = 1;          ///< the model is the same for every number
  std::stop_token stop;          ///< fit returns cancelled soon after
  Progress* progress = nullptr;  ///< fit calls set() on it, from any thread
};

/// One question of a tree, or one of its answers.
struct TreeQuestion {
  std::uint32_t column = 0;
  float cut = 0;  ///< a row with value <= cut goes to `yes`
  bool missing_says_yes = false;
  std::uint32_t yes = 0, no = 0;     ///< positions in the list; both 0: an answer
  double rows = 0;                   ///< training rows that came here, by weight
  std::vector<float> probabilities;  ///< of each class, here
};

/// What the parts of an attribution and its base add up to, but for rounding. A guard answers with
/// the half that decided: P(benign) is then that of its classifier.
enum class PartsAdd : std::uint8_t {
  to_nothing,      ///< each part stands alone
  to_probability,  ///< 1 − P(benign), which is Score::value
  to_log_odds,     ///< log P(class) − log P(benign)
  to_strangeness,  ///< how far a row is from benign rows, in the unit of the model
};
struct Attribution {
  PartsAdd add = PartsAdd::to_nothing;
  double base = 0;  ///< what is said before a column is asked
};

/// Immutable after fit or load: every const member is thread-safe.
class Model {
 public:
  virtual ~Model() = default;
  virtual std::string_view kind() const = 0;    ///< "tree"
  virtual std::size_t width() const = 0;        ///< columns of a row
  virtual std::size_t class_count() const = 0;  ///< >= 2; class 0 is benign
  /// Class probabilities: `out` is rows.count × class_count(), each row sums to 1. Same row, same
  /// bits, whatever the batch around it. REQUIRES: rows.width == width(). NaN is "missing".
  /// Allocates nothing.
  virtual void score(Rows rows, std::span<float> out) const = 0;
  /// How much each column moved the probability of `class_index`: `out` has width() entries,
  /// positive pushes towards the class. For alerts, not for every row.
  virtual void explain(std::span<const float> row, std::uint16_t class_index,
                       std::span<float> out) const = 0;
  /// How much each column speaks for an alarm of `class_index` > 0, the class that to_score() names
  /// for this row: `out` has width() entries, positive pushes towards the alarm. Kinds whose parts
  /// add up to nothing give those of explain().
  virtual Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                                std::span<float> out) const {
    explain(row, class_index, out);
    return {};
  }
  /// What only this kind of model knows, for people ("depth 12, 371 leaves").
  virtual std::string describe() const = 0;
  /// What a single tree asks, the root first; empty for every other kind of model.
  virtual std::vector<TreeQuestion> questions() const { return {}; }
  virtual void save(ByteWriter& out) const = 0;
};

/// value = 1 − P(benign); class_index = the most probable class that is not benign.
Score to_score(std::span<const float> probabilities);

/// One option of a model and the values worth trying, for `train --search`.
struct SearchAxis {
  std::string_view option;
  std::vector<std::string_view> values;  ///< the default among them
};

/// The class of what is no class: stranger than benign training rows, and like no attack known.
constexpr std::string_view unknown_label = "unknown";

/// What a kind learns from, and what it can answer.
enum class Learns : std::uint8_t {
  classes,  ///< from every class; answers one of them
  benign,   ///< from rows of class 0 alone, which may be all there are; answers it or unknown
  both,     ///< a classifier and a model of benign rows; answers a class or unknown
};

/// One row of the table of models in app/.
struct ModelKind {
  std::string_view name;
  std::string_view summary;  ///< one line for --help
  RecordKind record_kind = RecordKind::flow;
  Result<std::unique_ptr<Model>> (*fit)(const TrainingSet& set, const FitOptions& options);
  /// Bounds-checked, allocates no more than the bytes warrant. @return corrupt, unsupported.
  Result<std::unique_ptr<Model>> (*load)(ByteReader& in);
  std::vector<SearchAxis> search = {};  ///< empty: there is nothing to choose
  Learns learns = Learns::classes;
};

/// The classes of a model that was fitted on a set of these classes: the same, or with unknown
/// behind them, or benign and unknown.
std::vector<std::string> answers_of(const ModelKind& kind, std::span<const std::string> trained);

extern const ModelKind tree_kind;         ///< CART decision tree
extern const ModelKind bayes_kind;        ///< naive Bayes
extern const ModelKind svm_kind;          ///< support vector machine
extern const ModelKind cnn_kind;          ///< 1-D convolutional network
extern const ModelKind mlp_kind;          ///< dense network
extern const ModelKind forest_kind;       ///< random forest, extra trees
extern const ModelKind boost_kind;        ///< gradient boosted trees
extern const ModelKind iforest_kind;      ///< isolation forest, of benign rows
extern const ModelKind hst_kind;          ///< half-space trees, of benign rows
extern const ModelKind autoencoder_kind;  ///< an ensemble of autoencoders, of benign rows
extern const ModelKind guard_kind;        ///< a classifier and a model of benign rows
extern const ModelKind series_kind;  ///< readings: deviation of a series from its own recent level

/// The classes of a series model: benign_label, then one per column, named like it. Its fit needs
/// no rows (a TrainingSet of 0 rows and no classes is enough) but the schema.
std::vector<std::string> series_classes(const Schema& schema);

/// When a score is anomalous, and what is known of that choice.
struct Threshold {
  float value = 0.5F;
  double false_positive_rate = 0;  ///< measured on `benign_rows` rows not trained on
  std::uint64_t benign_rows = 0;   ///< 0: the value is a default, not a calibration
};

/// Everything a model file holds (docs/formats/vdm.md).
struct ModelFile {
  std::string id;       ///< kind + "-" + 8 hex digits of the content's checksum; set by save/load
  std::string created;  ///< RFC 3339, given by the caller
  std::vector<std::string> classes;
  Schema schema;
  std::uint64_t data_fingerprint = 0;  ///< of the data set it was fitted on
  std::string split;                   ///< "random 0.8 seed 1"
  std::string metrics_json;            ///< the evaluation as train printed it; "" when none
  Threshold threshold;
  std::vector<std::byte> features;  ///< FeatureMap::save()
  /// What is known of the scores of benign rows, to choose other thresholds by; and labelled rows
  /// to show beside an anomalous one. Each may be empty.
  std::vector<std::byte> calibration;
  std::vector<std::byte> exemplars;
  std::shared_ptr<const Model> model;
};

constexpr std::size_t model_file_bytes_max = std::size_t{1} << 30U;

/// The file's bytes; also sets file.id.
std::vector<std::byte> encode_model(ModelFile& file);
/// @return malformed (not a model file), unsupported (newer version, unknown kind: lists the known
/// ones), corrupt (checksum), mismatch (schema, features and model do not fit each other).
Result<ModelFile> decode_model(std::span<const std::byte> bytes, std::span<const ModelKind> kinds);
/// Written whole or not at all. Errors name the path.
Status save_model(const std::filesystem::path& path, ModelFile& file);
Result<ModelFile> load_model(const std::filesystem::path& path, std::span<const ModelKind> kinds);

}  // namespace vedette

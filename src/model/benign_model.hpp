/// BenignModel: what models that learn from benign rows alone have in common. Such a model knows
/// what is usual and measures how far a row is from it; what that is worth as a probability,
/// BenignTail says. It answers two classes, benign and unknown: it has never seen an attack and can
/// name none.
///
/// Rows of other classes in a training set are passed over. Of more than benign_rows_max benign
/// rows every n-th is learned from.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/benign_tail.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"

namespace vedette {

/// A fit holds one copy of this many rows at most.
constexpr std::size_t benign_rows_max = std::size_t{1} << 20U;

/// The benign rows of a training set, one behind the other.
struct BenignRows {
  std::vector<float> values;
  std::vector<float> weights;  ///< empty when the training set had none
  Schema schema;
  std::size_t count = 0;
  std::uint64_t all = 0;  ///< before the bound

  Rows rows() const { return {values.data(), count, schema.width()}; }
};
/// @return as check_training_set, prefixed with the kind's name; out_of_range: no row is benign.
Result<BenignRows> benign_rows_of(std::string_view kind, const TrainingSet& set, unsigned threads);

/// What a model of benign rows says about itself, whatever its kind.
struct BenignFacts {
  std::size_t width = 0;
  std::uint64_t rows = 0;       ///< learned from
  float contamination = 1e-3F;  ///< see benign_probability()
  BenignTail tail;
};

class BenignModel : public Model {
 public:
  std::size_t width() const final { return facts_.width; }
  std::size_t class_count() const final { return 2; }
  void score(Rows rows, std::span<float> out) const final;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const final;
  void save(ByteWriter& out) const final;

  /// How strange each row is, in the model's own unit: finite, higher is stranger. Allocates
  /// nothing after the first call of a thread. REQUIRES: rows.width == width().
  virtual void strangeness(Rows rows, std::span<float> out) const = 0;
  /// What each column adds to the strangeness, in a unit the kind explains.
  virtual void explain_strangeness(std::span<const float> row, std::span<float> out) const = 0;

  /// Part of the fit: measures benign rows and sets the tail. @return cancelled.
  Status learn_tail(Rows benign, const FitOptions& options);
  const BenignTail& tail() const { return facts_.tail; }
  /// One that was measured elsewhere.
  void take_tail(BenignTail tail) { facts_.tail = std::move(tail); }

 protected:
  explicit BenignModel(BenignFacts facts) : facts_(std::move(facts)) {}
  virtual void save_body(ByteWriter& out) const = 0;
  const BenignFacts& facts() const { return facts_; }

 private:
  BenignFacts facts_;
};

/// Fits with `fit_one`, and when the rows are of several captures, measures how strange a network
/// never seen is: each capture of 200 benign rows or more (the 8 largest) is left out of one more
/// fit, which then scores it, and the tail is the strictest of theirs. Measured on the rows learned
/// from, usual traffic of another network looks strange nearly always: of Honeypot 5-1, left out,
/// 25 % of the rows lay beyond the training rows' thousandth. Without captures it is `fit_one`.
using FitBenign = Result<std::unique_ptr<Model>> (*)(const TrainingSet& set,
                                                     const FitOptions& options);
Result<std::unique_ptr<Model>> fit_by_capture(FitBenign fit_one, const TrainingSet& set,
                                              const FitOptions& options);

/// The option every such kind takes.
float read_contamination(OptionReader& reader);
/// What save() wrote before the body. @return corrupt, unsupported.
Result<BenignFacts> load_benign_facts(std::string_view kind, ByteReader& in);

}  // namespace vedette

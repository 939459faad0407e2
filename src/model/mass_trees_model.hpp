/// MassTreesModel: iforest and hst as models. They differ in how a tree asks and in what a leaf is
/// worth, and in nothing else.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.hpp"
#include "model/benign_model.hpp"
#include "model/mass_trees.hpp"

namespace vedette {

struct MassStyle {
  std::string_view kind;
  MassTrees::Values values;
  std::uint32_t leaf_rows_min = 0;
  /// From the mean value of a row's leaves, and the rows of a tree's root. Finite.
  float (*strangeness)(float mean, float unit) = nullptr;
  /// What the values are counted in: explanations are divided by it.
  double (*unit)(double rows) = nullptr;
  bool adds = false;  ///< strangeness is the mean in this unit, below 0: the credits add up to it
};

class MassTreesModel final : public BenignModel {
 public:
  MassTreesModel(const MassStyle& style, BenignFacts facts, MassTrees trees)
      : BenignModel(std::move(facts)),
        style_(style),
        trees_(std::move(trees)),
        unit_(static_cast<float>(style.unit(trees_.rows()))) {}

  std::string_view kind() const override { return style_.kind; }
  void strangeness(Rows rows, std::span<float> out) const override;
  void explain_strangeness(std::span<const float> row, std::span<float> out) const override;
  Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                        std::span<float> out) const override;
  std::string describe() const override;

 private:
  void save_body(ByteWriter& out) const override { trees_.save(out); }
  const MassStyle& style_;
  MassTrees trees_;
  float unit_;
};

/// Grows `trees` trees, each with a chance of its own drawn from the seed, and measures the benign
/// rows. grow(random) makes one. Memory: the benign rows once more and 4 bytes a row and thread.
/// @return cancelled.
Result<std::unique_ptr<Model>> fit_mass_trees(const MassStyle& style, const BenignRows& benign,
                                              float contamination, std::uint32_t trees,
                                              const FitOptions& options,
                                              const std::function<MassTree(Random)>& grow);
Result<std::unique_ptr<Model>> load_mass_trees(const MassStyle& style, ByteReader& in);

/// The average path length of an unsuccessful search in a binary search tree of so many rows, c(n)
/// in the paper of isolation forests: what is still to come below a leaf of n rows.
double average_path_length(double rows);

}  // namespace vedette

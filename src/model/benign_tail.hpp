/// BenignTail: from how strange a row is to how many benign rows are as strange, and from there to
/// a probability. Every model of benign rows measures strangeness in a unit of its own (a path
/// length, a mass, an error); the share of benign rows beyond it is the one scale they have in
/// common, and it is what an empirical p-value says (Vovk, Gammerman, Shafer: Algorithmic Learning
/// in a Random World, 2005): (1 + rows as strange or stranger) / (1 + rows).
///
/// Beyond the strangest benign row nothing was counted. There the tail of a generalized Pareto
/// distribution goes on (Pickands 1975; Siffer et al.: Anomaly Detection in Streams with Extreme
/// Value Theory, KDD 2017) with shape 1/4, heavier than an exponential, so that rows far out still
/// differ: 100 mean excesses beyond, the share has fallen by 2 millionths and not by 10^-44.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace vedette {

/// Immutable after fit or load; at most 1 KiB.
class BenignTail {
 public:
  BenignTail() = default;
  /// REQUIRES: one score or more, all finite.
  static BenignTail fit(std::vector<float> scores);
  /// The one that holds in each of these networks: of every score the largest of their shares.
  /// REQUIRES: one tail or more.
  static BenignTail strictest(std::span<const BenignTail> networks);

  /// In (0, 1], never rising with the score; between counted shares it is interpolated.
  /// REQUIRES: no NaN.
  float share_beyond(float score) const;
  void save(ByteWriter& out) const;
  /// @return corrupt.
  static Result<BenignTail> load(ByteReader& in);

 private:
  struct Knot {
    float score = 0;
    float share = 1;
  };
  std::vector<Knot> knots_;  // scores fall, shares rise
  float excess_ = 1;         // mean excess of the strangest rows: the unit beyond the first knot
};

/// P(benign) of a row that this share of benign rows is as strange as, when `contamination` is the
/// chance of an unknown row and such rows may lie anywhere in the tail: one half where the share
/// is the contamination, near one for most benign rows.
inline float benign_probability(float share, float contamination) {
  return share / (contamination + share);
}

}  // namespace vedette

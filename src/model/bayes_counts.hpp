/// Naive Bayes by counting: how often does each bin of a column occur in each class? bayes.cpp
/// tells when this form is taken and why.
#pragma once

#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "model/model.hpp"

namespace vedette {

/// The shares of bins over `log_priors` (one per class, -inf for a class without rows). The same
/// for any number of threads. Memory: a byte per row and lane of Binned, 16 bytes per bin and
/// class. REQUIRES: a checked training set. @return cancelled.
Result<std::unique_ptr<Model>> fit_counts(const TrainingSet& set, std::vector<double> log_priors,
                                          const FitOptions& options);
/// What the model saved, behind its version and form. @return corrupt.
Result<std::unique_ptr<Model>> load_counts(ByteReader& in);

/// The first bytes of both forms of naive Bayes.
constexpr std::uint8_t bayes_version = 2;
enum class BayesForm : std::uint8_t { gaussian, counts };

/// Turns log weights into probabilities: out = exp(x - max) / Σ. A class of weight -inf gets 0.
/// Infinities upwards say nothing: then all get the same. REQUIRES: at most 256 weights.
void to_probabilities(std::span<const double> log_weights, float* out);

}  // namespace vedette

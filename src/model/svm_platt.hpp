/// From decisions to probabilities: a sigmoid per pair of classes, and one answer from all pairs.
#pragma once

#include <cstddef>
#include <span>

namespace vedette {

/// P(positive | decision) = 1 / (1 + exp(a decision + b)).
struct Sigmoid {
  double a = -1, b = 0;
  double operator()(double decision) const;
};

/// The sigmoid of the largest likelihood, by Newton's method with backtracking (Lin, Lin, Weng: A
/// Note on Platt's Probabilistic Outputs, 2007), targets softened as Platt (1999) does. The first
/// `positives` decisions belong to positive rows. `anchored` holds b at 0: a decision of 0 has the
/// probability 1/2, so that the likelier class is the one the machine votes for.
/// REQUIRES: one weight a decision.
Sigmoid fit_sigmoid(std::span<const double> decisions, std::span<const double> weights,
                    std::size_t positives, bool anchored);

/// Second method of Wu, Lin, Weng (Probability Estimates for Multi-class Classification by Pairwise
/// Coupling, JMLR 5, 2004): the p with Σp = 1 and the least Σ (r_ji p_i - r_ij p_j)².
/// `pairwise` is k × k, r_ij = P(i | i or j), r_ji = 1 - r_ij, each within (0, 1); the diagonal is
/// not read. `scratch` holds k × (k + 1) doubles. REQUIRES: k >= 1. Always finite, sums to 1.
void couple(const double* pairwise, std::size_t k, double* p, double* scratch);

/// Pairwise probabilities are held within [margin, 1 - margin], as LIBSVM does: certainties would
/// contradict each other.
constexpr double pairwise_margin = 1e-7;

}  // namespace vedette

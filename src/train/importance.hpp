/// Which columns a model leans on, asked the same way of every kind.
#pragma once

#include <vector>

#include "train/prepared.hpp"

namespace vedette {

/// Permutation importance (Breiman: Random Forests, 2001) on at most 2,000 test rows drawn by
/// `seed`. The columns "conn_state=S0", "conn_state=SF", … are one: they are dealt together.
std::vector<Importance> importances_of(const Model& model, const ModelKind& kind,
                                       const Prepared& prepared, std::uint64_t seed);

}  // namespace vedette

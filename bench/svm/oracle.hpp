/// LIBSVM's own C++ on a slice of the rows: is it the same problem, and the same solution?
#pragma once

#include "bench/svm/rows.hpp"

namespace vedette::bench {

struct OracleAnswer {
  bool equal = false;  ///< objective to 1e-3, every decision to 0.02, labels to 1 in 1000
};

/// Two classes, at most `count` rows of the training set, as they are for LIBSVM, merged for ours.
OracleAnswer ask_libsvm(const Workload& work, std::size_t count);

}  // namespace vedette::bench

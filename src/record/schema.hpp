/// Schema: the columns of a row of floats, in order. Two schemas fit when their fingerprints agree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/record.hpp"

namespace vedette {

/// `categorical` marks a 0/1 column made from a category (one-hot): naive Bayes and explanations
/// treat it as such.
enum class ColumnKind : std::uint8_t { numeric, categorical };

struct Column {
  std::string name;  ///< "duration", "conn_state=S0"
  ColumnKind kind = ColumnKind::numeric;
};

struct Schema {
  RecordKind record_kind = RecordKind::flow;
  std::vector<Column> columns;

  std::size_t width() const { return columns.size(); }
  /// Depends on the record kind and on every name and kind, in order.
  std::uint64_t fingerprint() const;
};

}  // namespace vedette

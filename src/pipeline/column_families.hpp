/// ColumnFamilies: which columns say one thing in several ways.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/schema.hpp"

namespace vedette {

/// "source_failed_1s" … "source_failed_10m" are one family, source_failed; the columns made of a
/// category ("conn_state=S0", …) are another; every other column is one of its own.
struct ColumnFamily {
  enum class Kind : std::uint8_t { single, horizons, choice };
  std::string name;
  Kind kind = Kind::single;
  std::vector<std::uint32_t> columns;  ///< rising
};

struct ColumnFamilies {
  explicit ColumnFamilies(const Schema& schema);
  std::vector<ColumnFamily> families;    ///< in the order of their first columns
  std::vector<std::uint32_t> of_column;  ///< the family of each column
};

/// "source_failed" and "10m" of "source_failed_10m"; the horizon is empty where there is none.
struct ColumnStem {
  std::string_view stem;
  std::string_view horizon;
};
ColumnStem stem_of(std::string_view column);

}  // namespace vedette

/// What the questions to MongoDB share: cursors, pages, and which batches may be seen.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/text.hpp"
#include "store/mongo_reader.hpp"

namespace vedette::mongo {

constexpr std::size_t page_max = 1'000;

inline std::size_t page_size(std::size_t limit) {
  return std::clamp<std::size_t>(limit, 1, page_max);
}

/// One document more than the page says whether there is a next page.
inline Doc newest_first(std::size_t limit) {
  Doc options;
  Doc sort;
  sort.set("_id", -1);
  options.set("sort", sort).set("limit", std::uint64_t{limit + 1});
  return options;
}

inline Error bad_cursor(std::string_view cursor) {
  return Error{Errc::malformed, fmt::format("cursor {}", vedette::quoted(cursor))};
}

inline Result<std::int64_t> id_before(std::string_view cursor) {
  if (cursor.empty()) return std::numeric_limits<std::int64_t>::max();
  const auto id = parse_integer<std::int64_t>(cursor);
  if (!id) return bad_cursor(cursor);
  return *id;
}

/// What the field "batch" of a record must be.
inline Doc batches_of(const Visible& visible) {
  Doc batches;
  batches.set("$lte", visible.committed);
  if (!visible.tried.empty()) batches.set_array("$nin", visible.tried);
  return batches;
}

}  // namespace vedette::mongo

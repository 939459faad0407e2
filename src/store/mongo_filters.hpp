/// Filters and changes that the writing half uses in several places.
#pragma once

#include "store/mongo_bson.hpp"
#include "store/mongo_tallies.hpp"

namespace vedette::mongo {

inline Doc compared(std::string_view field, std::string_view op, std::uint64_t value) {
  Doc filter;
  Doc bound;
  bound.set(op, value);
  filter.set(field, bound);
  return filter;
}
inline Doc above(std::string_view field, std::uint64_t value) {
  return compared(field, "$gt", value);
}
inline Doc at_most(std::string_view field, std::uint64_t value) {
  return compared(field, "$lte", value);
}

}  // namespace vedette::mongo

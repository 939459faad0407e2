#include "pipeline/column_families.hpp"

#include <array>
#include <map>
#include <string_view>

namespace vedette {

ColumnStem stem_of(std::string_view column) {
  for (const std::string_view horizon : {"1s", "10s", "1m", "10m"}) {
    const std::size_t tail = horizon.size() + 1;
    if (column.size() > tail && column.ends_with(horizon) && column[column.size() - tail] == '_') {
      return {column.substr(0, column.size() - tail), horizon};
    }
  }
  return {column, {}};
}

ColumnFamilies::ColumnFamilies(const Schema& schema) {
  std::map<std::string, std::uint32_t, std::less<>> known;
  for (std::uint32_t c = 0; c < schema.width(); ++c) {
    const std::string& column = schema.columns[c].name;
    const std::size_t equals = column.find('=');
    const bool is_choice = equals != std::string::npos;
    const ColumnStem stem = stem_of(column);
    // The sign keeps a category apart from a column of the same name.
    std::string name = is_choice ? column.substr(0, equals + 1) : std::string(stem.stem);
    const auto [found, is_new] =
        known.emplace(std::move(name), static_cast<std::uint32_t>(families.size()));
    if (is_new) families.push_back({found->first, ColumnFamily::Kind::single, {}});
    ColumnFamily& family = families[found->second];
    family.columns.push_back(c);
    if (is_choice) family.kind = ColumnFamily::Kind::choice;
    if (!is_choice && family.columns.size() > 1) family.kind = ColumnFamily::Kind::horizons;
    of_column.push_back(found->second);
  }
  for (ColumnFamily& family : families) {
    if (family.kind == ColumnFamily::Kind::choice) family.name.pop_back();
    if (family.columns.size() == 1) family.name = schema.columns[family.columns[0]].name;
  }
}

}  // namespace vedette

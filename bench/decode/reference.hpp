/// Decoders as one would write them first: what ours is compared with, in speed and in answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/record.hpp"

namespace vedette::reference {

/// std::getline, a vector of strings a line, strtod.
std::vector<Record> zeek_plain(const std::string& log);
/// nlohmann::json, field by field.
std::vector<Record> json_nlohmann(const std::vector<std::string>& lines);
/// simdjson on-demand, fields in the order they come. Refills one record, as ours does; `each`
/// sees it sealed.
std::size_t json_simdjson(const std::vector<std::string>& lines, std::vector<Record>* keep);

}  // namespace vedette::reference

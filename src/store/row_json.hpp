/// The two small JSON columns of the store, `readings.sensors` and `why` (an explanation):
/// written with the project's own JSON writers, read back by a parser of just what they write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "record/record.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// {"temperature":21.5,"humidity":40}, in the order of the reading.
void append_reading_json(std::string& out, const Reading& reading);
/// The reverse; bit for bit, since numbers are written in their shortest exact form. REQUIRES: a
/// cleared reading. @return corrupt.
Status parse_reading_json(std::string_view text, Reading& reading);

/// The fields of append_explanation_fields() in an object; nothing for an empty explanation.
void append_explanation_json(std::string& out, const Explanation& why);
/// The reverse; "" is an empty explanation. @return corrupt.
Status parse_explanation_json(std::string_view text, Explanation& why);

/// The reverse of append_label_counts(). @return corrupt.
Status parse_label_counts(std::string_view text, std::vector<LabelCount>& labels);

/// ["a","b"] and [1,2]; the reverse @return corrupt.
void append_string_list(std::string& out, const std::vector<std::string>& items);
Status parse_string_list(std::string_view text, std::vector<std::string>& items);
void append_id_list(std::string& out, const std::vector<std::uint64_t>& ids);
Status parse_id_list(std::string_view text, std::vector<std::uint64_t>& ids);

}  // namespace vedette

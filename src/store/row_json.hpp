/// The two small JSON columns of the store, `readings.sensors` and `reasons`: written with the
/// project's own JSON writers, read back by a parser of just what they write.
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

/// What append_reasons_json writes; "" is no reasons. @return corrupt.
Status parse_reasons_json(std::string_view text, std::vector<Reason>& reasons);

}  // namespace vedette

/// What a column says, in words.
#pragma once

#include <string>
#include <string_view>

#include "feature/feature.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// Whom a clause speaks of, and in what.
struct Subject {
  const Record& record;
  std::string_view series;  ///< of a reading: the value name that the column speaks of
  UsualOf usual_of = UsualOf::training;
};

/// Appends a clause about the record's device in the past tense: "opened about 214 connections in
/// 10 s (usual for it: 0 to 3)". `usual` may be null. The columns of readings are told in the terms
/// of their series (Measured), so `value` and `usual` are in these too. A column that no phrase is
/// known for is named with its value: "had entropy at 3".
void append_clause(std::string& out, const Subject& subject, std::string_view column, float value,
                   const UsualRange* usual);
/// Appends what would have been usual: "opened about 3 connections in 10 s instead of 214".
void append_change(std::string& out, const Subject& subject, std::string_view column, float from,
                   float to);
/// "214" of a column's value; of a flag "yes" or "no".
std::string value_words(std::string_view column, float value);
/// "0 to 3"; of a flag "yes", "no" or "yes or no".
std::string usual_words(std::string_view column, const UsualRange& usual);
/// Whether there is a phrase for it.
bool has_phrase(std::string_view column);

/// Appends text from outside as it can stand in a sentence: control characters become spaces, at
/// most 64 characters.
void append_plain(std::string& out, std::string_view text);

}  // namespace vedette

/// Small helpers for JSON answers.
#pragma once

#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.hpp"
#include "net/net.hpp"

namespace vedette {

/// Members keep the order in which they are written.
using Json = nlohmann::ordered_json;

/// A float as its shortest decimal (0.1, not 0.10000000149011612).
inline Json json_number(float value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double number = 0;
  std::from_chars(text.data(), written.ptr, number);
  return number;  // NaN and infinities are written as null
}

inline HttpResponse json_answer(const Json& json, int status = 200) {
  HttpResponse response;
  response.status = status;
  // Names and texts may hold bytes that are not UTF-8; they become U+FFFD instead of an exception.
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

/// 204
inline HttpResponse nothing_to_say() {
  HttpResponse response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

/// {"items":[…],"next":"…"}; `append` writes one item to the text.
template <class Items, class Append>
HttpResponse list_answer(const Items& items, std::string_view next, Append append) {
  HttpResponse response;
  response.body = R"({"items":[)";
  bool first = true;
  for (const auto& item : items) {
    if (!first) response.body += ',';
    first = false;
    append(response.body, item);
  }
  response.body += R"(],"next":)" + Json(next).dump() + "}";
  return response;
}

}  // namespace vedette

/// The parts of HTTP that need no socket: decoding, look-ups, problem documents.
#include <microhttpd.h>

#include "base/text.hpp"
#include "net/http_server.hpp"

namespace vedette {

namespace {

template <class Map>
std::optional<std::string_view> find_in(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  if (found == map.end()) return {};
  return found->second;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return {};
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view lower_name) const {
  return find_in(headers, lower_name);
}

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  return find_in(query, name);
}

Result<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  const auto broken = [&](const char* what) { return Error{Errc::malformed, quoted(text) + what}; };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
      if (!high || !low) return broken(" has a % that two hexadecimal digits do not follow");
      out += static_cast<char>(*high << 4U | *low);
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos) return broken(" holds a NUL");
  if (!is_utf8(out)) return broken(" is not UTF-8");
  return out;
}

std::string_view http_reason(int status) {
  const char* phrase = MHD_get_reason_phrase_for(static_cast<unsigned>(status));
  return phrase == nullptr ? "Unknown" : phrase;
}

HttpResponse http_problem(int status, std::string_view detail) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = R"({"type":"about:blank","title":)";
  append_json_string(response.body, http_reason(status));
  response.body.append(R"(,"status":)").append(std::to_string(status)).append(R"(,"detail":)");
  append_json_string(response.body, detail);
  response.body += '}';
  return response;
}

}  // namespace vedette

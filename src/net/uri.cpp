#include "net/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace vedette {

namespace {

/// The text with what may be a password replaced: from the first ':' of the user part to the last
/// '@', whether or not the rest is well-formed.
std::string masked(std::string_view text) {
  const auto at = text.rfind('@');
  const auto scheme = text.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  if (at == std::string_view::npos || at < begin) return quoted(text);
  const auto colon = text.find(':', begin);
  if (colon == std::string_view::npos || colon > at) return quoted(text);
  return quoted(fmt::format("{}:***{}", text.substr(0, colon), text.substr(at)));
}

Error malformed(std::string_view text, std::string_view why) {
  return Error{Errc::malformed, fmt::format("broker {}: {}", masked(text), why)};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Nothing when a '%' lacks its two digits or hides a NUL (which would end the text in the client
/// library).
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return {};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return {};
    out += c;
  }
  return out;
}

bool is_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view{"/?#@\\%"}.find(c) == std::string_view::npos;
  });
}

/// Splits "host", "host:port" and "[v6]:port"; the port stays text. False when brackets are not
/// closed or an IPv6 address lacks them.
bool split_host(std::string_view authority, std::string_view& host, std::string_view& port) {
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    return port.empty() || port.starts_with(':');
  }
  const auto colon = authority.find(':');
  host = authority.substr(0, colon);
  port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  return port.find(':', 1) == std::string_view::npos;
}

}  // namespace

std::string MqttUri::printable() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "mqtts" : "mqtt", v6 ? "[" : "", host, v6 ? "]" : "",
                     port);
}

Result<MqttUri> parse_mqtt_uri(std::string_view text) {
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    return malformed(text, "is not of the form mqtt://host:port");
  }
  std::string scheme{text.substr(0, scheme_end)};
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (scheme != "mqtt" && scheme != "mqtts") {
    return Error{Errc::unsupported,
                 fmt::format("broker {}: only mqtt:// and mqtts:// are known", masked(text))};
  }
  MqttUri uri;
  uri.tls = scheme == "mqtts";
  std::string_view rest = text.substr(scheme_end + 3);
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = rest.substr(0, at);
    const auto colon = login.find(':');
    const auto user = percent_decoded(login.substr(0, colon));
    const auto password = percent_decoded(
        colon == std::string_view::npos ? std::string_view{} : login.substr(colon + 1));
    if (!user || !password) return malformed(text, "a % in the user or password lacks two digits");
    if (user->empty()) return malformed(text, "has a password but no user");
    uri.user = *user;
    uri.password = *password;
    rest.remove_prefix(at + 1);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view host, port;
  if (!split_host(rest, host, port) || !is_host(host)) return malformed(text, "names no host");
  uri.host = host;
  uri.port = uri.tls ? 8883 : 1883;
  if (!port.empty()) {
    const auto number = parse_integer<std::uint16_t>(port.substr(1));
    if (!number || *number == 0) return malformed(text, "the port is not in 1..65535");
    uri.port = *number;
  }
  return uri;
}

}  // namespace vedette

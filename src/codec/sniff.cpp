#include "codec/codec.hpp"
#include "codec/flow_fields.hpp"

namespace vedette {

std::optional<std::string_view> sniff_format(std::string_view head) {
  if (head.starts_with(utf8_bom)) head.remove_prefix(utf8_bom.size());
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  if (head[first] == '#') return "zeek";
  if (head[first] == '{') return "json";
  head.remove_prefix(first);
  const std::string_view line = without_cr(head.substr(0, head.find('\n')));
  if (line.find_first_of(std::string_view{"\0", 1}) != std::string_view::npos) return {};
  if (line.find_first_of(",;\t| ") != std::string_view::npos) return "csv";
  return {};
}

}  // namespace vedette

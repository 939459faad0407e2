#include "sink/alert_event.hpp"

#include "base/text.hpp"

namespace vedette {

void append_event_json(std::string& out, const AlertChange& change) {
  out += "{\"event\":";
  append_json_string(out, name_of(change.event));
  out += ",\"alert\":";
  append_alert_json(out, change.alert);
  out += '}';
}

void append_event_json(std::string& out, const IncidentChange& change) {
  out += "{\"event\":";
  append_json_string(out, name_of(change.event));
  out += ",\"incident\":";
  append_incident_json(out, change.incident);
  out += '}';
}

std::string topic_level(std::string_view device) {
  std::string level;
  bool after_c2 = false;  // U+0080..U+009F are control characters too: C2 80 .. C2 9F
  for (const char c : device) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 || byte == 0x7f || (after_c2 && byte >= 0x80 && byte <= 0x9f);
    if (control && after_c2) {
      level.pop_back();
      append_format(level, "%C2%{:02X}", byte);
    } else if (control || c == '/' || c == '+' || c == '#' || c == '%') {
      append_format(level, "%{:02X}", byte);
    } else {
      level += c;
    }
    after_c2 = byte == 0xc2;
  }
  return level;
}

}  // namespace vedette

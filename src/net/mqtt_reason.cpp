#include "net/mqtt_reason.hpp"

#include <mosquitto.h>
#include <mqtt_protocol.h>

namespace vedette {

std::string in_sentence(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a') {
    text[0] = static_cast<char>(text[0] + 32);
  }
  while (text.ends_with('.')) text.pop_back();
  return text;
}

bool is_final(int reason) {
  switch (reason) {
    case 3:  // MQTT 3: server unavailable
    case MQTT_RC_SERVER_UNAVAILABLE:
    case MQTT_RC_SERVER_BUSY:
    case MQTT_RC_QUOTA_EXCEEDED:
    case MQTT_RC_CONNECTION_RATE_EXCEEDED:
    case MQTT_RC_UNSPECIFIED:
    case MQTT_RC_IMPLEMENTATION_SPECIFIC:
      return false;
    default:
      return true;
  }
}

std::string connack_text(int reason) {
  return in_sentence(reason < 0x80 ? mosquitto_connack_string(reason)
                                   : mosquitto_reason_string(reason));
}

std::string tls_text(std::string_view library_error, std::string_view ca_file) {
  const auto last = library_error.rfind("::");
  std::string text = "TLS: ";
  text += last == std::string_view::npos ? library_error : library_error.substr(last + 2);
  if (ca_file.empty() || text.find("certificate verify failed") == std::string::npos) return text;
  return text.append(" against ").append(ca_file);
}

}  // namespace vedette

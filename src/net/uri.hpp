/// mqtt://user:password@host:port and mqtts://…, the way a broker is named everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vedette {

struct MqttUri {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;  ///< 1883, or 8883 with TLS, unless given
  std::string user;        ///< percent-decoded
  std::string password;
  /// "mqtt://host:port": safe to print, without the password.
  std::string printable() const;
};

/// @return malformed or unsupported, naming the text (a password in it is masked).
Result<MqttUri> parse_mqtt_uri(std::string_view text);

}  // namespace vedette

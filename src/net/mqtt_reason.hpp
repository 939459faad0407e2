/// What libmosquitto and brokers say, as the end of a sentence of ours. Inside net/ only.
#pragma once

#include <string>
#include <string_view>

namespace vedette {

/// "Connection refused" → "connection refused"; "SSL …" stays.
std::string in_sentence(std::string text);
/// Does a CONNACK with this reason stay the same however often we ask? (MQTT 5 codes, and the five
/// of MQTT 3 an old broker may answer.)
bool is_final(int reason);
std::string connack_text(int reason);
/// "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" →
/// "TLS: certificate verify failed", and what it was checked against.
std::string tls_text(std::string_view library_error, std::string_view ca_file);

}  // namespace vedette

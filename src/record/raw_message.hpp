/// RawMessage: bytes as a source delivered them, before anybody looked inside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace vedette {

/// Borrows: `topic`, `origin` and `payload` belong to the source until its next pull().
struct RawMessage {
  std::string_view topic;    ///< MQTT topic; empty for files
  std::string_view origin;   ///< file name for files, client or broker name else
  std::string_view payload;  ///< one JSON object, or one line without its line end
  std::uint64_t line = 0;    ///< 1-based line in a file; 0 for MQTT
  Time received;             ///< when the source got it (the clock of the source)
};

/// How an error names the place: "topic iot/cam/flow" or "conn.log line 812".
std::string place_of(const RawMessage& message);

/// A message that did not become a Record, kept for people to look at.
struct Quarantined {
  Time received;
  std::string place;                ///< place_of() the message
  std::string code;                 ///< name_of(Errc)
  std::string reason;               ///< one sentence naming the offending piece
  std::string payload;              ///< its first `payload_kept_bytes_max` bytes, may be binary
  std::uint64_t payload_bytes = 0;  ///< the full size
  std::uint64_t hash = 0;           ///< message_hash() of topic and whole payload; 0: not known

  static constexpr std::size_t payload_kept_bytes_max = 4096;
};

}  // namespace vedette

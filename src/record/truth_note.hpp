/// TruthNote: what is known of one record or message, on its way beside the stream. A simulator
/// writes notes to a labels file or to an MQTT topic of its own; nothing that judges reads them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "record/record.hpp"

namespace vedette {

struct TruthNote {
  RecordKey key;              ///< of the record; zero for a message that is none
  std::uint64_t message = 0;  ///< message_hash() of a message that is no record; else 0
  Time time;                  ///< of a message: when it was sent, event time (else in the key)
  std::string device;
  std::string label;          ///< "Benign", "DDoS", "stuck"
  std::uint32_t episode = 0;  ///< 0: everyday life, and what follows is empty
  std::string cause;          ///< the episode's kind: "udp_flood", "stuck"
  Time begins;                ///< when the episode began, event time

  void clear();
};

/// Tells messages apart that never became records: XXH3 of the payload, seeded by that of the
/// topic; never 0.
std::uint64_t message_hash(std::string_view topic, std::string_view payload);

/// Appends one line, with its line end:
/// {"key":"…","device":"camera-03","label":"Benign"}, and for an episode also
/// "episode":12,"cause":"udp_flood","begins":"2026-…"; a message has "message":"<16 hex digits>"
/// in the place of "key", and "time" when it is known.
void append_truth_line(std::string& out, const TruthNote& note);

}  // namespace vedette

/// Nature: what an anomaly tells about, and so whom it concerns.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "record/record.hpp"

namespace vedette {

/// In order of weight: what weighs most is last.
enum class Nature : std::uint8_t {
  data_quality,   ///< what arrives is incomplete: gaps in a series
  device_health,  ///< a sensor that jumps, drifts or stands still
  behaviour,      ///< strange for this device, and no class of attack is named
  attack,         ///< a class of attack is named
};
inline constexpr std::array all_natures{Nature::data_quality, Nature::device_health,
                                        Nature::behaviour, Nature::attack};
std::string_view name_of(Nature nature);  ///< "attack", "behaviour", "device_health", …
std::optional<Nature> nature_from(std::string_view name);

/// Of an anomaly whose model names `label`. "unknown", "" and "Benign" name nothing: behaviour, of
/// flows and readings alike. A reading is never an attack by itself: what its value says is the
/// health of the device, and that it is missing ("gap") is a matter of the data.
Nature nature_of(RecordKind kind, std::string_view label);

}  // namespace vedette

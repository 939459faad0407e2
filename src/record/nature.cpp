#include "record/nature.hpp"

namespace vedette {

std::string_view name_of(Nature nature) {
  switch (nature) {
    case Nature::data_quality:
      return "data_quality";
    case Nature::device_health:
      return "device_health";
    case Nature::behaviour:
      return "behaviour";
    case Nature::attack:
      return "attack";
  }
  return "unknown";
}

std::optional<Nature> nature_from(std::string_view name) {
  for (const Nature nature : all_natures) {
    if (name == name_of(nature)) return nature;
  }
  return {};
}

Nature nature_of(RecordKind kind, std::string_view label) {
  if (label.empty() || label == benign_label || label == "unknown") return Nature::behaviour;
  if (kind == RecordKind::flow) return Nature::attack;
  return label == "gap" ? Nature::data_quality : Nature::device_health;
}

}  // namespace vedette

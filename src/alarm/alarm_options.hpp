/// AlarmOptions: when somebody is told, and for how long that is one matter.
#pragma once

#include <chrono>

namespace vedette {

struct AlarmOptions {
  /// A run ends after this long without a record that holds it open.
  std::chrono::seconds quiet{120};
  /// Hysteresis: an open alert is held open by scores of this share of their threshold and more. A
  /// value that hovers about the threshold is then one alert. Four fifths of 0.5, where a reading
  /// stands `deviation` units off, are two thirds of that deviation.
  float hold_share = 0.8F;
  /// So much evidence, within `evidence_span`, opens an alert. A record at its threshold weighs 1,
  /// one whose distance to 1 is a tenth of the threshold's distance weighs 2, a hundredth 3: where
  /// 1 - score is a tail probability, weights add up like those of Fisher's combined test. 1: every
  /// anomalous record opens one.
  float evidence = 2;
  std::chrono::seconds evidence_span{600};
  /// Alerts join an incident that grew less than this (or `quiet`, if that is longer) ago.
  std::chrono::seconds incident_span{600};
};

}  // namespace vedette

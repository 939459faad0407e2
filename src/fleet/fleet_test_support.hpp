/// What the tests of fleet/ share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "fleet/fleet.hpp"

namespace vedette {

/// 2026-03-02T00:00:00Z, a Monday.
inline const Time start = time_from_micros(1'772'409'600'000'000);

inline FleetPlan options_with(std::uint64_t seed) {
  FleetPlan options;
  options.seed = seed;
  options.start = start;
  return options;
}

inline std::string text_of(const Simulated& labelled) {
  std::string text = labelled.record.device + ' ' + labelled.truth.label + ' ' +
                     to_text(labelled.record.key) + ' ';
  append_record_json(text, labelled.record);
  text += labelled.topic + labelled.payload;
  return text;
}

/// Calls `see` for every record of the first `length` of event time.
template <class See>
void watch(FleetSimulator& fleet, Duration length, See see) {
  Simulated labelled;
  for (fleet.next(labelled); labelled.record.time < start + length; fleet.next(labelled)) {
    see(labelled);
  }
}

inline bool has(const std::string& text, char letter) {
  return text.find(letter) != std::string::npos;
}

inline void check_numbers(const Flow& flow) {
  ASSERT_GE(flow.orig_pkts, 0);
  ASSERT_GE(flow.resp_pkts, 0);
  ASSERT_GE(flow.orig_ip_bytes, 20 * flow.orig_pkts);
  ASSERT_GE(flow.resp_ip_bytes, 20 * flow.resp_pkts);
  ASSERT_EQ(flow.missed_bytes, 0);
  ASSERT_EQ(std::isnan(flow.duration), std::isnan(flow.orig_bytes));
  ASSERT_EQ(std::isnan(flow.duration), std::isnan(flow.resp_bytes));
  for (const double whole : {flow.orig_bytes, flow.resp_bytes, flow.orig_pkts, flow.resp_pkts,
                             flow.orig_ip_bytes, flow.resp_ip_bytes}) {
    if (!std::isnan(whole)) {
      ASSERT_EQ(whole, std::floor(whole));
    }
  }
  if (std::isnan(flow.duration)) {
    // Zeek measures nothing on a single packet.
    ASSERT_EQ(flow.orig_pkts + flow.resp_pkts, 1);
    return;
  }
  ASSERT_GT(flow.duration, 0);
  ASSERT_GE(flow.orig_ip_bytes, flow.orig_bytes + 20 * flow.orig_pkts);
  ASSERT_GE(flow.resp_ip_bytes, flow.resp_bytes + 20 * flow.resp_pkts);
}

inline void check_state(const Flow& flow) {
  ASSERT_NE(flow.proto, Proto::unset);
  ASSERT_NE(flow.conn_state, ConnState::unset);
  if (flow.proto == Proto::icmp) {
    ASSERT_TRUE(flow.history.empty());
    return;
  }
  ASSERT_FALSE(flow.history.empty());
  switch (flow.conn_state) {
    case ConnState::SF:
      ASSERT_GT(flow.orig_pkts, 0);
      ASSERT_GT(flow.resp_pkts, 0);
      break;
    case ConnState::S0:
      ASSERT_GT(flow.orig_pkts, 0);
      ASSERT_EQ(flow.resp_pkts, 0);
      ASSERT_EQ(flow.resp_ip_bytes, 0);
      ASSERT_FALSE(flow.resp_bytes > 0);
      ASSERT_TRUE(flow.service.empty() || flow.service == "dns") << flow.service;
      break;
    case ConnState::REJ:
      ASSERT_EQ(flow.history, "Sr");
      break;
    case ConnState::RSTO:
      ASSERT_TRUE(has(flow.history, 'R'));
      break;
    case ConnState::RSTR:
      ASSERT_TRUE(has(flow.history, 'r'));
      break;
    default:
      break;
  }
  // Small letters are the responder's, capitals the originator's; D and d carry payload.
  const bool answers = flow.history.find_first_of("hdafr") != std::string::npos;
  ASSERT_EQ(answers, flow.resp_pkts > 0) << flow.history;
  if (flow.resp_bytes > 0) {
    ASSERT_TRUE(has(flow.history, 'd')) << flow.history;
  }
  if (flow.proto == Proto::tcp && flow.orig_bytes > 0) {
    ASSERT_TRUE(has(flow.history, 'D')) << flow.history;
  }
}

/// The label of a silence comes after it.
inline bool is_silence_of(const Simulated& said) {
  return said.truth.label == "gap" || said.truth.label == "dead_device";
}

/// Runs one episode, begun at once in an otherwise quiet fleet, and calls `see` for every record
/// until a minute after its end.
template <class See>
void watch_episode(std::string_view kind, std::string_view device, Duration length,
                   double intensity, std::uint64_t seed, See see) {
  FleetPlan options = options_with(seed);
  options.episode_every = Duration{0};
  options.devices = 10;
  FleetSimulator fleet(options);
  Simulated said;
  fleet.next(said);
  const Time begins = said.record.time;
  const auto number = fleet.start_episode(device, kind, length, intensity);
  ASSERT_TRUE(number.ok()) << number.error().message;
  const Time ends = begins + length;
  for (fleet.next(said); said.record.time < ends + std::chrono::minutes{1}; fleet.next(said)) {
    see(said);
    if (said.truth.label == benign_label || is_silence_of(said)) continue;
    ASSERT_EQ(said.episode, *number);
    ASSERT_EQ(episode_kinds()[said.kind].name, kind);
    ASSERT_EQ(said.episode_begins, begins);
    ASSERT_EQ(said.record.device, device);
    ASSERT_LT(said.record.time, ends) << said.truth.label;
  }
}

}  // namespace vedette

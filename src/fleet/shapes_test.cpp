/// The shapes of flows against what Zeek writes.
#include <gtest/gtest.h>

#include <map>

#include "fleet/parts.hpp"

namespace vedette::simulator {
namespace {

struct Shape {
  double orig_pkts;
  double orig_ip_bytes;
  double resp_pkts;
  double resp_ip_bytes;
  bool operator==(const Shape&) const = default;
};

std::map<std::string, Shape> shapes_of(const TcpTalk& talk) {
  std::map<std::string, Shape> shapes;
  Random random{7};
  for (int i = 0; i < 200; ++i) {
    Flow flow;
    fill_tcp(flow, random, talk);
    const Shape shape{flow.orig_pkts, flow.orig_ip_bytes, flow.resp_pkts, flow.resp_ip_bytes};
    const auto [at, is_new] = shapes.emplace(flow.history, shape);
    EXPECT_EQ(at->second, shape) << flow.history;
  }
  return shapes;
}

// IoT-23's honeypot 5-1 has 96 flows ShAFf of 4 packets (216 bytes) against 2 (112).
TEST(Shapes, AHandshakeWithoutAWord) {
  const std::map<std::string, Shape> expected{{"ShAFf", {4, 216, 2, 112}},
                                              {"ShAfFa", {3, 164, 3, 164}}};
  EXPECT_EQ(shapes_of({}), expected);
}

TEST(Shapes, WhatIsSentTwiceIsTheResponders) {
  const auto shapes = shapes_of({.orig_bytes = 100, .resp_bytes = 200, .ending = ConnState::RSTR});
  const std::map<std::string, Shape> expected{{"ShADadr", {4, 316, 4, 416}},
                                              {"ShADadtr", {4, 316, 5, 668}}};
  EXPECT_EQ(shapes, expected);
}

TEST(Shapes, SmallMessagesLeaveOneByOne) {
  const auto together = shapes_of({.orig_bytes = 900, .ending = ConnState::S3});
  const auto apart = shapes_of({.orig_bytes = 900, .orig_messages = 9, .ending = ConnState::S3});
  EXPECT_EQ(together.at("ShADaf").orig_pkts, 3);
  EXPECT_EQ(apart.at("ShADaf").orig_pkts, 11);
  EXPECT_EQ(apart.at("ShADaf").orig_ip_bytes, 60 + 10 * 52 + 900);
}

TEST(Shapes, ARawSocketResetsWhatItOpened) {
  Flow flow;
  fill_raw_open(flow, 0.09);
  EXPECT_EQ(flow.history, "ShR");
  EXPECT_EQ(flow.conn_state, ConnState::RSTO);
  EXPECT_EQ(flow.orig_ip_bytes, 80);
}

}  // namespace
}  // namespace vedette::simulator

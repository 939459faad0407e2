/// What the simulated fleet publishes as abuse is no record to the decoder that would meet it.
#include <gtest/gtest.h>

#include <set>

#include "codec/codec.hpp"
#include "fleet/fleet.hpp"

namespace vedette {
namespace {

TEST(AbuseMessages, AreRefusedEachWithItsReason) {
  struct Fact {
    std::string_view kind;
    std::set<Errc> reasons;
  };
  const Fact facts[] = {
      {"mqtt_oversized", {Errc::too_large}},
      {"mqtt_malformed", {Errc::malformed, Errc::truncated, Errc::wrong_type}},
      {"mqtt_topic_guessing", {Errc::unsupported, Errc::missing_field}},
  };
  for (const Fact& fact : facts) {
    std::set<Errc> reasons;
    std::size_t messages = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      FleetPlan plan;
      plan.seed = seed;
      plan.start = time_from_micros(1'772'409'600'000'000);
      plan.episode_every = Duration{0};
      plan.episodes.push_back(
          {.kind = std::string{fact.kind}, .device = "", .length = std::chrono::hours{1}});
      FleetSimulator fleet(plan);
      const auto decoder = make_json_decoder();
      Simulated said;
      Record record;
      Truth truth;
      for (int i = 0; i < 30'000; ++i) {
        fleet.next(said);
        if (said.topic.empty()) continue;
        ++messages;
        ASSERT_EQ(said.truth.label, "Attack");
        record.clear();
        RawMessage message;
        message.topic = said.topic;
        message.payload = said.payload;
        const auto decoded = decoder->decode(message, record, truth);
        ASSERT_FALSE(decoded.ok()) << said.topic << ' ' << said.payload.substr(0, 200);
        reasons.insert(decoded.error().code);
      }
    }
    EXPECT_GT(messages, 500U) << fact.kind;
    EXPECT_EQ(reasons, fact.reasons) << fact.kind;
  }
}

}  // namespace
}  // namespace vedette

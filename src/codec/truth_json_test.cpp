#include <gtest/gtest.h>

#include "codec/codec.hpp"

namespace vedette {
namespace {

TEST(TruthLine, IsReadBackAsItWasWritten) {
  TruthNote benign;
  benign.key = {1'545'403'816'962'094, 0x0123456789abcdef};
  benign.device = "camera-03";
  benign.label = "Benign";
  TruthNote attack = benign;
  attack.device = "ca\"me\nra";
  attack.label = "DDoS";
  attack.episode = 12;
  attack.cause = "udp_flood";
  attack.begins = time_from_micros(1'545'403'800'000'001);
  TruthNote message = attack;
  message.key = {};
  message.message = message_hash("iot/a/flow", "{");
  TruthNote timed = message;
  timed.time = time_from_micros(1'545'403'800'000'777);
  for (const TruthNote& note : {benign, attack, message, timed}) {
    std::string line;
    append_truth_line(line, note);
    TruthNote read;
    const Status done = read_truth_line(line, read);
    ASSERT_TRUE(done.ok()) << done.error().message;
    std::string again;
    append_truth_line(again, read);
    EXPECT_EQ(line, again);
    EXPECT_EQ(note.key, read.key);
    EXPECT_EQ(note.begins, read.begins);
    EXPECT_EQ(note.time, read.time);
  }
}

TEST(TruthLine, RefusesWhatIsNone) {
  constexpr std::string_view wrong[] = {
      "",
      "[]",
      "{",
      R"({"label":"DDoS"})",
      R"({"key":"1-0123456789abcdef"})",
      R"({"key":"one","label":"DDoS"})",
      R"({"key":"1-0123456789abcdef","message":"12","label":"DDoS"})",
      R"({"message":"xyz","label":"DDoS"})",
      R"({"key":"1-0123456789abcdef","label":7})",
      R"({"key":"1-0123456789abcdef","label":"DDoS","episode":-1})",
      R"({"key":"1-0123456789abcdef","label":"DDoS","episode":3})",
      R"({"key":"1-0123456789abcdef","label":"DDoS"} x)",
      R"({"key":"1-0123456789abcdef","label":"DDoS","begins":"soon"})",
      R"({"message":"12","label":"DDoS","time":"soon"})",
  };
  for (const std::string_view line : wrong) {
    TruthNote note;
    EXPECT_FALSE(read_truth_line(line, note).ok()) << line;
  }
}

TEST(MessageHash, KnowsTopicFromPayload) {
  EXPECT_EQ(message_hash("a", "bc"), message_hash("a", "bc"));
  EXPECT_NE(message_hash("a", "bc"), message_hash("ab", "c"));
  EXPECT_NE(message_hash("", ""), 0U);
}

}  // namespace
}  // namespace vedette

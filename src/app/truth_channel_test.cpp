#include "app/truth_channel.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(NoteTruths, CountsGoodAndBadLines) {
  const std::string good = R"({"key":"1-0123456789abcdef","device":"a","label":"Benign"})";
  struct Fact {
    std::string payload;
    std::uint64_t notes;
    std::size_t bad;
  };
  for (const Fact& fact :
       {Fact{"", 0, 0}, Fact{"\n\n", 0, 0}, Fact{good, 1, 0}, Fact{good + "\n" + good + "\n", 2, 0},
        Fact{"x\n" + good + "\n{}", 1, 2}, Fact{std::string(70'000, 'x'), 0, 1},
        Fact{std::string("\0\n", 2) + good, 1, 1}}) {
    Scoreboard board{Time{}};
    std::string complaint;
    EXPECT_EQ(note_truths(fact.payload, board, complaint), fact.bad) << fact.payload;
    EXPECT_EQ(board.snapshot().waiting_verdict, fact.notes) << fact.payload;
    EXPECT_EQ(board.snapshot().bad_lines, fact.bad);
    EXPECT_EQ(complaint.empty(), fact.bad == 0);
  }
}

TEST(TruthChannel, AFilterThatIsNoneIsRefused) {
  Scoreboard board{Time{}};
  MqttOptions connection;
  connection.client_id = "test";
  const auto channel = TruthChannel::create(connection, "a/#/b", board, 1);
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(channel.error().code, Errc::malformed);
}

}  // namespace
}  // namespace vedette

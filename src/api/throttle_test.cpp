#include "api/throttle.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

using std::chrono::seconds;

Time at(int second) {
  return Time{} + seconds{second};
}

TEST(Throttle, TheSixthAttemptWaitsForTheWindowsEnd) {
  Throttle throttle;
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(throttle.attempt("a", at(i * 10)));
  EXPECT_EQ(throttle.attempt("a", at(50)), seconds{250});
  EXPECT_EQ(throttle.attempt("a", at(299)), seconds{1});
  EXPECT_FALSE(throttle.attempt("a", at(300)));
  EXPECT_FALSE(throttle.attempt("b", at(50))) << "others are not affected";
}

TEST(Throttle, SuccessGivesTheAttemptBack) {
  Throttle throttle;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(throttle.attempt("a", at(i)));
    throttle.give_back("a");
  }
  EXPECT_EQ(throttle.keys(), 0U);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(throttle.attempt("a", at(0)));
  throttle.forget("a");
  EXPECT_FALSE(throttle.attempt("a", at(0)));
}

TEST(Throttle, MemoryIsBounded) {
  Throttle throttle{{.keys_max = 10}};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(throttle.attempt(std::to_string(i), at(i / 100)));
    EXPECT_LE(throttle.keys(), 10U);
  }
}

TEST(Throttle, TheOldestKeyMakesRoomNotTheGuessedOne) {
  Throttle throttle{{.attempts_max = 1, .keys_max = 2}};
  EXPECT_FALSE(throttle.attempt("old", at(0)));
  EXPECT_FALSE(throttle.attempt("young", at(1)));
  EXPECT_FALSE(throttle.attempt("new", at(2)));
  EXPECT_TRUE(throttle.attempt("young", at(3)));
}

}  // namespace
}  // namespace vedette

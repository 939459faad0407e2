#include "api/password.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace vedette {
namespace {

TEST(Password, HashesWithArgon2idAndItsOwnSalt) {
  const std::string a = hash_password("correct horse").value();
  const std::string b = hash_password("correct horse").value();
  EXPECT_TRUE(a.starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << a;
  EXPECT_NE(a, b);
  EXPECT_TRUE(password_matches(a, "correct horse"));
  EXPECT_FALSE(password_matches(a, "Correct horse"));
  EXPECT_FALSE(password_matches("", "correct horse"));
  EXPECT_FALSE(password_matches("garbage", "correct horse"));
}

TEST(Password, NobodyCostsAsMuchAsSomebody) {
  const std::string hash = hash_password("correct horse").value();
  const auto micros_of = [](const std::string& of) {
    auto best = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 3; ++i) {
      const auto begun = std::chrono::steady_clock::now();
      EXPECT_FALSE(password_matches(of, "wrong"));
      best = std::min(best, std::chrono::steady_clock::now() - begun);
    }
    return std::chrono::duration<double>(best).count();
  };
  // Both compute 2 passes over 64 MiB; a lookup that gave up early would be 1,000 times faster.
  EXPECT_GT(micros_of(""), 0.2 * micros_of(hash));
}

TEST(Password, SecretsAre256BitsOfTheEntropyGiven) {
  const auto sevens = [](std::span<std::byte> bytes) {
    EXPECT_EQ(bytes.size(), 32U);
    std::fill(bytes.begin(), bytes.end(), std::byte{7});
  };
  std::string expected;
  for (int i = 0; i < 32; ++i) expected += "07";
  EXPECT_EQ(new_secret(sevens), expected);
}

TEST(Password, SecretsAreKeptAsBlake2b) {
  // BLAKE2b-256 of the empty string (RFC 7693 algorithm, published vector).
  EXPECT_EQ(hash_secret(""), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_NE(hash_secret("a"), hash_secret("b"));
  EXPECT_TRUE(same_hash(hash_secret("a"), hash_secret("a")));
  EXPECT_FALSE(same_hash(hash_secret("a"), hash_secret("b")));
  EXPECT_FALSE(same_hash("", "a"));
}

TEST(Password, OnlyTwoAreComputedAtOnce) {
  PasswordGate gate;
  const PasswordGate::Pass a{gate};
  {
    const PasswordGate::Pass b{gate};
    EXPECT_TRUE(a && b);
    EXPECT_FALSE(PasswordGate::Pass{gate});
  }
  EXPECT_TRUE(PasswordGate::Pass{gate});
}

TEST(Password, UserNames) {
  for (const char* good : {"a", "admin", "Ann.Lee_2@site-1"}) EXPECT_TRUE(is_user_name(good));
  for (const char* bad : {"", "a b", "a/b", "\xC3\xA4", "a\n"}) EXPECT_FALSE(is_user_name(bad));
  EXPECT_TRUE(is_user_name(std::string(64, 'a')));
  EXPECT_FALSE(is_user_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace vedette

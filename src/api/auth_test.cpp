/// Login, sessions, tokens, users, origins.
#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "tests/support/api_fixture.hpp"

namespace vedette {
namespace {

class AuthTest : public test::ApiFixture {
 protected:
  HttpResponse login(const std::string& user, const std::string& password) {
    return ask("POST", "/api/v1/login", {{"content-type", "application/json"}},
               nlohmann::json{{"user", user}, {"password", password}}.dump());
  }
  static std::string cookie_of(const HttpResponse& response) {
    const std::string text = header(response, "Set-Cookie");
    const std::size_t begin = text.find('=') + 1;
    return text.substr(begin, text.find(';') - begin);
  }
  std::string last_action() {
    const auto entries = store.audit(1);
    return entries->empty() ? "" : entries->front().action;
  }
};

TEST_F(AuthTest, LoginSetsAStrictCookieThatWorks) {
  const HttpResponse response = login("viewer", "correct horse");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"user":"viewer","role":"viewer"})");
  const std::string cookie = cookie_of(response);
  EXPECT_EQ(cookie.size(), 64U);
  EXPECT_EQ(header(response, "Set-Cookie"),
            "vedette_session=" + cookie + "; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
  EXPECT_EQ(json(ask("GET", "/api/v1/me", {{"cookie", cookie}}))["user"], "viewer");
  EXPECT_EQ(last_action(), "login");
  EXPECT_FALSE(store.token(cookie)->has_value()) << "only the hash is kept";
  EXPECT_TRUE(store.token(hash_secret(cookie))->has_value());
}

TEST_F(AuthTest, TheCookieIsSecureUnderTls) {
  tls = true;
  EXPECT_TRUE(header(login("viewer", "correct horse"), "Set-Cookie").ends_with("; Secure"));
}

TEST_F(AuthTest, ASessionEndsAfterTwelveHours) {
  const std::string cookie = cookie_of(login("viewer", "correct horse"));
  clock.advance(std::chrono::hours{12} - std::chrono::seconds{1});
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", cookie}}).status, 200);
  clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", cookie}}).status, 401);
  EXPECT_FALSE(store.token(hash_secret(cookie))->has_value()) << "swept away";
}

TEST_F(AuthTest, LogoutEndsTheSession) {
  const HttpResponse response =
      ask("POST", "/api/v1/logout",
          {{"cookie", "viewer-session"}, {"content-type", "application/json"}});
  EXPECT_EQ(response.status, 204);
  EXPECT_TRUE(header(response, "Set-Cookie").starts_with("vedette_session=; "));
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", "viewer-session"}}).status, 401);
  EXPECT_EQ(last_action(), "logout");
}

TEST_F(AuthTest, SecretsOnlyWorkWhereTheyBelong) {
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", "viewer-api"}}).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"authorization", "Bearer viewer-session"}}).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"authorization", "Basic viewer-api"}}).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"authorization", "Bearer nonsense"}}).status, 401);
  EXPECT_EQ(as("viewer", "GET", "/api/v1/me").status, 200);
}

TEST_F(AuthTest, WrongUserAndWrongPasswordLookTheSame) {
  const HttpResponse wrong = login("admin", "wrong password");
  const HttpResponse nobody = login("nobody", "wrong password");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, nobody.body);
  EXPECT_EQ(header(wrong, "Set-Cookie"), "");
}

TEST_F(AuthTest, FiveFailuresOfAPeerClosesTheDoorForFiveMinutes) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(login("name" + std::to_string(i), "wrong password").status, 401);
  }
  clock.advance(std::chrono::seconds{100});
  const HttpResponse response = login("viewer", "correct horse");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(header(response, "Retry-After"), "200");
  peer = "192.0.2.2";
  EXPECT_EQ(login("viewer", "correct horse").status, 200) << "another peer is not affected";
  peer = "192.0.2.1";
  clock.advance(std::chrono::seconds{200});
  EXPECT_EQ(login("viewer", "correct horse").status, 200);
}

TEST_F(AuthTest, FiveFailuresOnAUserFromAnywhereCloseTheDoor) {
  for (int i = 0; i < 5; ++i) {
    peer = "192.0.2." + std::to_string(10 + i);
    EXPECT_EQ(login("viewer", "wrong password").status, 401);
  }
  peer = "192.0.2.99";
  EXPECT_EQ(login("viewer", "correct horse").status, 429);
  EXPECT_EQ(login("admin", "correct horse").status, 200);
}

TEST_F(AuthTest, AnOwnAccountBuysNoGuessesAtOthers) {
  int refused = 0;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(login("n" + std::to_string(i), "wrong one").status, 401);
  EXPECT_EQ(login("viewer", "correct horse").status, 200);
  EXPECT_EQ(login("n5", "wrong one").status, 401);
  refused += login("n6", "wrong one").status == 429 ? 1 : 0;
  EXPECT_EQ(refused, 1);
}

TEST_F(AuthTest, OnlyTwoPasswordsAreCheckedAtOnce) {
  constexpr int callers = 6;
  std::barrier together{callers};
  std::atomic<int> in{0};
  std::atomic<int> busy{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&] {
        HttpRequest request;
        request.method = "POST";
        request.path = "/api/v1/login";
        request.peer = "192.0.2.1";
        request.headers = {{"content-type", "application/json"}};
        request.body = R"({"user":"viewer","password":"correct horse"})";
        together.arrive_and_wait();
        const HttpResponse response = api->handle(request);
        in += response.status == 200 ? 1 : 0;
        // 503 from the gate, 429 when more than five are under way.
        busy += response.status == 503 || response.status == 429 ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(in + busy, callers);
  EXPECT_GE(in, 2);
  EXPECT_EQ(login("viewer", "correct horse").status, 200) << "being busy is no failure";
}

TEST_F(AuthTest, ChangesByCookieMustComeFromOurOwnPage) {
  struct Fact {
    Headers headers;
    int status;
  };
  const Fact facts[] = {
      {{{"content-type", "application/json"}}, 201},
      {{{"content-type", "application/json; charset=utf-8"},
        {"origin", "http://vedette.example:8080"}},
       201},
      {{{"content-type", "application/json"}, {"origin", "http://evil.example"}}, 403},
      {{{"content-type", "application/json"}, {"origin", "http://vedette.example"}}, 403},
      {{{"content-type", "application/json"}, {"origin", "null"}}, 403},
      {{{"content-type", "application/json"}, {"sec-fetch-site", "cross-site"}}, 403},
      {{{"content-type", "text/plain"}}, 415},
      {{{"content-type", "application/x-www-form-urlencoded"}}, 415},
      {{}, 415},
  };
  int number = 0;
  for (const Fact& fact : facts) {
    Headers headers = fact.headers;
    headers["cookie"] = "viewer-session";
    const std::string body = R"({"name":"t)" + std::to_string(number++) + R"(","days":1})";
    EXPECT_EQ(ask("POST", "/api/v1/tokens", headers, body).status, fact.status) << body;
  }
  EXPECT_EQ(ask("DELETE", "/api/v1/tokens/t0",
                {{"cookie", "viewer-session"}, {"origin", "http://evil.example"}})
                .status,
            403);
  EXPECT_EQ(ask("DELETE", "/api/v1/tokens/t0", {{"cookie", "viewer-session"}}).status, 204);
  EXPECT_EQ(
      ask("GET", "/api/v1/me", {{"cookie", "viewer-session"}, {"origin", "http://evil.example"}})
          .status,
      200)
      << "reading changes nothing; the browser keeps the answer from the other page";
}

TEST_F(AuthTest, LoginIsGuardedAgainstForeignPagesToo) {
  const HttpResponse response =
      ask("POST", "/api/v1/login",
          {{"content-type", "application/json"}, {"origin", "http://evil.example"}},
          R"({"user":"viewer","password":"correct horse"})");
  EXPECT_EQ(response.status, 403);
}

TEST_F(AuthTest, TokensAreShownOnceAndBelongToTheirUser) {
  const HttpResponse made = as("viewer", "POST", "/api/v1/tokens", R"({"name":"ci","days":1})");
  ASSERT_EQ(made.status, 201);
  const std::string secret = json(made)["token"];
  EXPECT_EQ(last_action(), "token.create");
  const auto me = ask("GET", "/api/v1/me", {{"authorization", "Bearer " + secret}});
  EXPECT_EQ(json(me)["user"], "viewer");
  const HttpResponse list = as("viewer", "GET", "/api/v1/tokens");
  EXPECT_EQ(json(list)["items"].size(), 2U);
  EXPECT_EQ(list.body.find(secret), std::string::npos);
  EXPECT_EQ(json(as("admin", "GET", "/api/v1/tokens"))["items"].size(), 1U);
  EXPECT_EQ(as("viewer", "POST", "/api/v1/tokens", R"({"name":"ci","days":1})").status, 409);
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/tokens/ci").status, 404) << "another's token";
  EXPECT_EQ(as("viewer", "DELETE", "/api/v1/tokens/ci").status, 204);
  EXPECT_EQ(last_action(), "token.drop");
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"authorization", "Bearer " + secret}}).status, 401);
}

TEST_F(AuthTest, TokensExpireAndAreBounded) {
  const auto made = json(as("viewer", "POST", "/api/v1/tokens", R"({"name":"day","days":1})"));
  const std::string bearer = "Bearer " + made["token"].get<std::string>();
  for (int i = 0; i < 30; ++i) {
    const std::string body = R"({"name":"t)" + std::to_string(i) + R"(","days":3650})";
    EXPECT_EQ(as("viewer", "POST", "/api/v1/tokens", body).status, 201);
  }
  EXPECT_EQ(as("viewer", "POST", "/api/v1/tokens", R"({"name":"more","days":1})").status, 409);
  for (const char* body :
       {R"({"name":"a","days":0})", R"({"name":"a","days":3651})", R"({"name":"a b","days":1})",
        R"({"name":"","days":1})", R"({"name":"a","days":1.5})", R"({"name":"a"})"}) {
    EXPECT_EQ(as("viewer", "POST", "/api/v1/tokens", body).status, 400) << body;
  }
  clock.advance(std::chrono::hours{24});
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"authorization", bearer}}).status, 401);
}

TEST_F(AuthTest, UsersAreMadeReplacedAndRemoved) {
  EXPECT_EQ(as("admin", "POST", "/api/v1/users",
               R"({"name":"eve","password":"long enough","role":"viewer"})")
                .status,
            201);
  EXPECT_EQ(last_action(), "user.put");
  const std::string cookie = cookie_of(login("eve", "long enough"));
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", cookie}}).status, 200);
  EXPECT_EQ(as("admin", "POST", "/api/v1/users",
               R"({"name":"eve","password":"another one","role":"admin"})")
                .status,
            201);
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", cookie}}).status, 401)
      << "a new password ends the old sessions";
  const HttpResponse list = as("admin", "GET", "/api/v1/users");
  EXPECT_EQ(json(list)["items"].size(), 3U);
  EXPECT_EQ(list.body.find("argon2"), std::string::npos);
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/users/eve").status, 204);
  EXPECT_EQ(last_action(), "user.drop");
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/users/eve").status, 404);
}

TEST_F(AuthTest, BadUsersAreNamed) {
  struct Fact {
    const char* body;
    const char* detail;
  };
  const Fact facts[] = {
      {R"({"name":"a b","password":"long enough","role":"viewer"})",
       "user name \"a b\" is not 1 to 64 letters, digits and . _ @ -"},
      {R"({"name":"eve","password":"short","role":"viewer"})",
       "the password has 5 bytes, not 8 to 256"},
      {R"({"name":"eve","password":"long enough","role":"king"})",
       "role \"king\" is neither admin nor viewer"},
  };
  for (const Fact& fact : facts) {
    const HttpResponse response = as("admin", "POST", "/api/v1/users", fact.body);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(detail(response), fact.detail);
  }
}

TEST_F(AuthTest, TheLastAdministratorStays) {
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/users/admin").status, 409);
  EXPECT_EQ(as("admin", "POST", "/api/v1/users",
               R"({"name":"admin","password":"long enough","role":"viewer"})")
                .status,
            409);
  ASSERT_EQ(as("admin", "POST", "/api/v1/users",
               R"({"name":"second","password":"long enough","role":"admin"})")
                .status,
            201);
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/users/admin").status, 204);
}

TEST_F(AuthTest, SessionsOfAUserAreBounded) {
  for (int i = 0; i < 40; ++i) {
    clock.advance(std::chrono::seconds{1});
    ASSERT_TRUE(store
                    .put_token({hash_secret("s" + std::to_string(i)), "viewer", "session", "",
                                clock.now(), clock.now() + std::chrono::hours{12}})
                    .ok());
  }
  const std::string cookie = cookie_of(login("viewer", "correct horse"));
  std::size_t sessions = 0;
  const auto tokens = store.tokens("viewer");
  for (const Token& token : *tokens) sessions += token.kind == "session" ? 1U : 0U;
  EXPECT_EQ(sessions, 32U);
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", cookie}}).status, 200);
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", "s0"}}).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/me", {{"cookie", "s39"}}).status, 200);
}

}  // namespace
}  // namespace vedette

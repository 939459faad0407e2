/// The API behind a real socket: what only shows there.
#include <gtest/gtest.h>

#include "tests/support/api_fixture.hpp"
#include "tests/support/http_client.hpp"

namespace vedette {
namespace {

using test::HttpClient;
using test::HttpReply;

class ApiServerTest : public test::ApiFixture {
 protected:
  ApiServerTest() {
    HttpOptions options;
    options.port = 0;
    auto started = HttpServer::start(
        options, [this](const HttpRequest& request) { return api->handle(request); },
        [this](const HttpRequest& request) { return api->body_limit(request); });
    EXPECT_TRUE(started.ok());
    server = std::move(started).value();
  }
  std::unique_ptr<HttpServer> server;
};

TEST_F(ApiServerTest, FromTheDoorToTheLiveStream) {
  HttpClient page{server->port()};
  EXPECT_EQ(page.ask("GET", "/").body, "<html>");
  EXPECT_EQ(page.ask("GET", "/api/v1/me").status, 401);
  const HttpReply login = page.ask("POST", "/api/v1/login", {{"Content-Type", "application/json"}},
                                   R"({"user":"viewer","password":"correct horse"})");
  ASSERT_EQ(login.status, 200) << login.body;
  const std::string cookie =
      login.header("set-cookie").substr(0, login.header("set-cookie").find(';'));
  EXPECT_EQ(page.ask("GET", "/api/v1/me", {{"Cookie", cookie}}).body,
            R"({"user":"viewer","role":"viewer"})");

  HttpClient stream{server->port()};
  ASSERT_EQ(stream.ask("GET", "/api/v1/stream", {{"Cookie", cookie}}).status, 200);
  ASSERT_TRUE(stream.read_until("event: tick\ndata: {")) << "at once";
  ASSERT_TRUE(stream.read_until("\n\n"));
  api->tick();
  ASSERT_TRUE(stream.read_until("event: tick\ndata: {"));
  ASSERT_TRUE(stream.read_until("\n\n"));
  Judged judged;
  judged.record.device = "cam";
  std::string verdict;
  append_verdict_json(verdict, judged);
  hub.publish("verdict", verdict);
  EXPECT_TRUE(stream.read_until("event: verdict\ndata: " + verdict + "\n\n"));
}

TEST_F(ApiServerTest, StreamsBeyondTheBoundAre503) {
  const HttpClient::Headers token{{"Authorization", "Bearer viewer-api"}};
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    EXPECT_EQ(clients.back()->ask("GET", "/api/v1/stream", token).status, i < 2 ? 200 : 503);
  }
}

TEST_F(ApiServerTest, StrangersCannotFillMemory) {
  HttpClient stranger{server->port()};
  EXPECT_EQ(stranger.ask("POST", "/api/v1/models", {}, std::string(65'537, 'a')).status, 413);
  EXPECT_EQ(stranger.ask("POST", "/api/v1/models", {}, std::string(65'536, 'a')).status, 401);
  HttpClient admin{server->port()};
  EXPECT_EQ(admin
                .ask("POST", "/api/v1/models", {{"Authorization", "Bearer admin-api"}},
                     std::string(1'000'000, 'a'))
                .status,
            400)
      << "looked at, and found to be no model";
}

TEST_F(ApiServerTest, EscapesInPathsReachTheRoute) {
  store.all_devices = {{"hall cam/1", clock.now(), clock.now(), 1, 2, 3, 4}};
  HttpClient client{server->port()};
  const HttpClient::Headers token{{"Authorization", "Bearer viewer-api"}};
  EXPECT_EQ(client.ask("GET", "/api/v1/devices/hall%20cam%2F1", token).status, 200);
  EXPECT_EQ(client.ask("GET", "/api/v1/verdicts?device=%zz", token).status, 400);
}

}  // namespace
}  // namespace vedette

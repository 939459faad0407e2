#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <thread>

#include "tests/support/http_client.hpp"

namespace vedette {
namespace {

using test::HttpClient;
using test::HttpReply;

HttpOptions any_port() {
  HttpOptions options;
  options.port = 0;
  return options;
}

std::unique_ptr<HttpServer> serve(HttpServer::Handler handler, HttpOptions options = any_port(),
                                  HttpServer::BodyLimit limit = {}) {
  auto server = HttpServer::start(std::move(options), std::move(handler), std::move(limit));
  EXPECT_TRUE(server.ok()) << (server ? "" : server.error().message);
  return std::move(server).value();
}

/// Says back what it understood.
HttpResponse echo(const HttpRequest& request) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) response.body += " ?" + name + "=" + value;
  for (const auto& [name, value] : request.cookies) response.body += " c:" + name + "=" + value;
  response.body += " " + std::string{request.header("x-test").value_or("-")};
  response.body += " " + request.peer + " " + request.body;
  return response;
}

TEST(PercentDecoding, FollowsRfc3986) {
  struct Fact {
    const char* text;
    bool plus;
    const char* decoded;  // nullptr: refused
  };
  const Fact facts[] = {
      {"", false, ""},           {"a%20b", false, "a b"}, {"a+b", false, "a+b"},
      {"a+b", true, "a b"},      {"%2F%2f", false, "//"}, {"%C3%A4", false, "\xC3\xA4"},
      {"100%25", false, "100%"}, {"%", false, nullptr},   {"%4", false, nullptr},
      {"%zz", false, nullptr},   {"%00", false, nullptr}, {"%ff", false, nullptr},
      {"%4g", false, nullptr},   {"%-1", false, nullptr},
  };
  for (const Fact& fact : facts) {
    const auto decoded = percent_decoded(fact.text, fact.plus);
    ASSERT_EQ(decoded.ok(), fact.decoded != nullptr) << fact.text;
    if (decoded) {
      EXPECT_EQ(*decoded, fact.decoded) << fact.text;
    }
  }
}

TEST(HttpProblem, IsTheDocumentOfRfc9457) {
  const HttpResponse problem = http_problem(404, "there is no \"x\"");
  EXPECT_EQ(problem.status, 404);
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_EQ(problem.body, R"({"type":"about:blank","title":"Not Found","status":404,)"
                          R"("detail":"there is no \"x\""})");
}

TEST(HttpServer, HandsOverTheDecodedRequest) {
  const auto server = serve(&echo);
  HttpClient client{server->port()};
  const HttpReply reply = client.ask("GET", "/a%20b/c?x=1&y=%C3%A4+z&x=2",
                                     {{"X-Test", "yes"}, {"Cookie", "s=abc; t=d"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "GET /a b/c ?x=2 ?y=\xC3\xA4 z c:s=abc c:t=d yes 127.0.0.1 ");
  // The same connection again.
  EXPECT_EQ(client.ask("POST", "/p", {}, "body").body, "POST /p - 127.0.0.1 body");
}

TEST(HttpServer, EveryAnswerCarriesSecurityHeaders) {
  const auto server = serve(&echo);
  HttpClient client{server->port()};
  const HttpReply reply = client.ask("GET", "/");
  EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
  EXPECT_EQ(reply.header("content-security-policy"),
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'");
}

TEST(HttpServer, HeadIsGetWithoutTheBody) {
  const auto server = serve(&echo);
  HttpClient client{server->port()};
  const HttpReply head = client.ask("HEAD", "/x");
  const HttpReply get = client.ask("GET", "/x");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), get.header("content-length"));
  EXPECT_EQ(get.body, "GET /x - 127.0.0.1 ");
}

TEST(HttpServer, BrokenEscapesNeverReachTheHandler) {
  const auto server = serve([](const HttpRequest&) -> HttpResponse {
    ADD_FAILURE() << "the handler was asked";
    return {};
  });
  for (const char* target : {"/%zz", "/a%0", "/%00", "/%ff", "/?x=%", "/?%e4=1"}) {
    HttpClient client{server->port()};
    const HttpReply reply = client.ask("GET", target);
    EXPECT_EQ(reply.status, 400) << target;
    EXPECT_EQ(reply.header("content-type"), "application/problem+json") << target;
  }
}

TEST(HttpServer, WhatAHandlerThrowsIsA500) {
  const auto server = serve([](const HttpRequest& request) -> HttpResponse {
    if (request.path == "/odd") throw 42;
    throw std::runtime_error{"secret detail"};
  });
  HttpClient client{server->port()};
  const HttpReply reply = client.ask("GET", "/");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.header("content-type"), "application/problem+json");
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  EXPECT_EQ(client.ask("GET", "/odd").status, 500);
}

TEST(HttpServer, BodiesAboveTheBoundAreRefusedBeforeTheHandler) {
  HttpOptions options = any_port();
  options.body_bytes_max = 1000;
  const auto server = serve(&echo, options);
  {
    HttpClient client{server->port()};
    EXPECT_EQ(client.ask("POST", "/", {}, std::string(1000, 'a')).status, 200);
    EXPECT_EQ(client.ask("POST", "/", {}, std::string(1001, 'a')).status, 413);
    EXPECT_EQ(client.ask("GET", "/").status, 200) << "a small excess keeps the connection";
  }
  {
    HttpClient client{server->port()};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    EXPECT_EQ(client.read_reply().status, 413) << "said without waiting for the body";
  }
  {
    HttpClient client{server->port()};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5dc\r\n" +
                std::string(1500, 'a') + "\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_reply().status, 413);
  }
}

TEST(HttpServer, AnEndlessBodyIsCutOff) {
  HttpOptions options = any_port();
  options.body_bytes_max = 1000;
  const auto server = serve(&echo, options);
  HttpClient client{server->port()};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
  int sent = 0;
  while (sent < 1000 && client.send(chunk)) ++sent;
  EXPECT_LT(sent, 1000) << "64 MB went through";
}

TEST(HttpServer, TheBodyBoundMayDependOnTheRequest) {
  const auto server = serve(&echo, any_port(), [](const HttpRequest& request) {
    return request.path == "/large" ? std::size_t{5000} : std::size_t{10};
  });
  HttpClient client{server->port()};
  EXPECT_EQ(client.ask("POST", "/large", {}, std::string(5000, 'a')).status, 200);
  EXPECT_EQ(client.ask("POST", "/small", {}, std::string(11, 'a')).status, 413);
}

TEST(HttpServer, AllBodiesTogetherAreBounded) {
  HttpOptions options = any_port();
  options.bodies_bytes_max = 2000;
  const auto server = serve(&echo, options);
  HttpClient holder{server->port()};
  holder.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1900\r\n\r\n" +
              std::string(1500, 'a'));
  // The holder's bytes are counted once they are read; until then the second fits as well.
  HttpReply second;
  do {
    HttpClient client{server->port()};
    second = client.ask("POST", "/", {}, std::string(600, 'a'));
  } while (second.status == 200);
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(second.header("retry-after"), "5");
  holder.send(std::string(400, 'a'));
  EXPECT_EQ(holder.read_reply().status, 200);
  // The holder's bytes are given back when its connection is done with, a moment after its reply.
  int status = 0;
  for (int attempt = 0; attempt < 10'000 && status != 200; ++attempt) {
    HttpClient after{server->port()};
    status = after.ask("POST", "/", {}, std::string(1900, 'a')).status;
  }
  EXPECT_EQ(status, 200);
}

TEST(HttpServer, ATakenPortIsOneClearSentence) {
  const auto server = serve(&echo);
  HttpOptions options = any_port();
  options.port = server->port();
  const auto second = HttpServer::start(options, &echo);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Errc::busy);
  EXPECT_EQ(second.error().message,
            "port " + std::to_string(server->port()) + " on 127.0.0.1 is taken");
}

TEST(HttpServer, BadOptionsAreErrors) {
  HttpOptions address = any_port();
  address.address = "localhost:80";
  EXPECT_EQ(HttpServer::start(address, &echo).error().code, Errc::malformed);
  HttpOptions half = any_port();
  half.certificate_file = "/nowhere.pem";
  EXPECT_EQ(HttpServer::start(half, &echo).error().code, Errc::malformed);
  HttpOptions missing = half;
  missing.key_file = "/nowhere.key";
  EXPECT_EQ(HttpServer::start(missing, &echo).error().code, Errc::not_found);
}

TEST(HttpServer, GarbageForACertificateIsMalformed) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("vedette_garbage_" + std::to_string(getpid()) + ".pem");
  std::ofstream{path} << "not a certificate";
  HttpOptions options = any_port();
  options.certificate_file = options.key_file = path.string();
  const auto server = HttpServer::start(options, &echo);
  std::filesystem::remove(path);
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().code, Errc::malformed);
}

TEST(HttpServer, ConnectionsPerAddressAreBounded) {
  HttpOptions options = any_port();
  options.connections_per_address_max = 3;
  const auto server = serve(&echo, options);
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    EXPECT_EQ(clients.back()->ask("GET", "/").status, 200);
  }
  HttpClient fourth{server->port()};
  EXPECT_EQ(fourth.ask("GET", "/").status, 0);
  EXPECT_EQ(clients[0]->ask("GET", "/").status, 200) << "those inside are served on";
}

TEST(HttpServer, AByteNowAndThenDoesNotHoldAConnection) {
  HttpOptions options = any_port();
  options.idle_timeout = std::chrono::seconds{1};
  const auto server = serve(&echo, options);
  HttpClient slow{server->port()};
  slow.send("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  // Bytes keep coming, so the library's own timeout never strikes; ours does.
  auto dripping = std::async(std::launch::async, [&] {
    const auto begun = std::chrono::steady_clock::now();
    const auto limit = std::chrono::seconds{15};
    std::mutex mutex;
    std::condition_variable pause;
    std::unique_lock lock{mutex};
    while (std::chrono::steady_clock::now() - begun < limit) {
      if (!slow.send("a")) return true;
      pause.wait_for(lock, std::chrono::milliseconds{100});
    }
    return false;
  });
  EXPECT_TRUE(dripping.get()) << "still open after 15 s";
}

TEST(HttpServer, AnIdleConnectionIsClosed) {
  HttpOptions options = any_port();
  options.idle_timeout = std::chrono::seconds{1};
  const auto server = serve(&echo, options);
  HttpClient client{server->port()};
  EXPECT_EQ(client.ask("GET", "/").status, 200);
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, OneThreadIsEnough) {
  HttpOptions options = any_port();
  options.threads = 1;
  const auto server = serve(&echo, options);
  HttpClient client{server->port()};
  EXPECT_EQ(client.ask("GET", "/").status, 200);
}

TEST(HttpServer, AnswersManyAtOnce) {
  const auto server = serve(&echo);
  std::vector<std::future<int>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(std::async(std::launch::async, [&, i] {
      HttpClient client{server->port()};
      int right = 0;
      for (int j = 0; j < 100; ++j) {
        const std::string path = "/" + std::to_string(i) + "/" + std::to_string(j);
        right += client.ask("GET", path).body == "GET " + path + " - 127.0.0.1 " ? 1 : 0;
      }
      return right;
    }));
  }
  for (auto& one : all) EXPECT_EQ(one.get(), 100);
}

// ---- streams ----

/// A server whose every answer is a stream of `hub`.
std::unique_ptr<HttpServer> serve_stream(EventHub& hub, HttpOptions options = any_port()) {
  return serve(
      [&hub](const HttpRequest&) {
        HttpResponse response;
        response.body = "retry: 2000\n\n";
        response.events = hub.subscribe();
        return response;
      },
      std::move(options));
}

TEST(HttpStream, SendsTheBodyThenEventsAsTheyCome) {
  EventHub hub;
  const auto server = serve_stream(hub);
  HttpClient client{server->port()};
  const HttpReply reply = client.ask("GET", "/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-type"), "text/event-stream");
  EXPECT_EQ(reply.header("cache-control"), "no-store");
  EXPECT_TRUE(client.read_until("retry: 2000\n\n"));
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    hub.publish("tick", number);
    EXPECT_TRUE(client.read_until("event: tick\ndata: " + number + "\n\n")) << i;
  }
}

TEST(HttpStream, EventsLargerThanAnyBufferArriveWhole) {
  EventHub hub;
  const auto server = serve_stream(hub);
  HttpClient client{server->port()};
  client.ask("GET", "/");
  ASSERT_TRUE(client.read_until("retry: 2000\n\n"));
  hub.publish("large", std::string(200'000, 'x'));
  hub.publish("end", "1");
  ASSERT_TRUE(client.read_until("event: end"));
  EXPECT_EQ(std::count(client.seen().begin(), client.seen().end(), 'x'), 200'000);
}

TEST(HttpStream, ManyStreamsGetEveryEventInOrder) {
  EventHub hub{64, 100'000};
  const auto server = serve_stream(hub);
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    clients.back()->ask("GET", "/");
    ASSERT_TRUE(clients.back()->read_until("retry: 2000\n\n"));
  }
  for (int i = 0; i < 500; ++i) hub.publish("n", std::to_string(i));
  for (auto& client : clients) {
    for (int i = 0; i < 500; ++i) {
      ASSERT_TRUE(client->read_until("data: " + std::to_string(i) + "\n\n"));
    }
  }
  EXPECT_EQ(hub.dropped(), 0U);
}

TEST(HttpStream, ASleepingStreamHearsTheHeartbeat) {
  EventHub hub;
  HttpOptions options = any_port();
  options.heartbeat = std::chrono::seconds{1};
  const auto server = serve_stream(hub, options);
  HttpClient client{server->port()};
  client.ask("GET", "/");
  EXPECT_TRUE(client.read_until("retry: 2000\n\n"));
  EXPECT_TRUE(client.read_until(":\n\n"));
  EXPECT_TRUE(client.read_until(":\n\n"));
}

TEST(HttpStream, AClientThatLeftFreesItsPlace) {
  EventHub hub{1, 16};
  HttpOptions options = any_port();
  options.heartbeat = std::chrono::seconds{1};
  const auto server = serve_stream(hub, options);
  {
    HttpClient client{server->port()};
    client.ask("GET", "/");
    ASSERT_TRUE(client.read_until("retry: 2000\n\n"));
    EXPECT_EQ(hub.subscribers(), 1U);
  }
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (hub.has_subscribers() && std::chrono::steady_clock::now() < patience) {
    hub.publish("tick", "1");
    std::this_thread::yield();
  }
  EXPECT_EQ(hub.subscribers(), 0U);
}

TEST(HttpStream, AHeadRequestOpensNoStream) {
  EventHub hub;
  const auto server = serve_stream(hub);
  HttpClient client{server->port()};
  EXPECT_EQ(client.ask("HEAD", "/").header("content-type"), "text/event-stream");
  EXPECT_EQ(client.ask("HEAD", "/").status, 200) << "the connection is free again";
}

TEST(HttpStream, TheServerStopsWhileStreamsAreOpenAndEventsFlow) {
  EventHub hub;
  auto server = serve_stream(hub);
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    clients.back()->ask("GET", "/");
    ASSERT_TRUE(clients.back()->read_until("retry: 2000\n\n"));
  }
  std::jthread writer{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) hub.publish("tick", "1");
  }};
  server.reset();
  for (auto& client : clients) EXPECT_TRUE(client->ended());
  writer = {};  // until here it may hold the queue it is just filling
  EXPECT_FALSE(hub.has_subscribers());
}

}  // namespace
}  // namespace vedette

/// An Api over a store in memory, a real pipeline fed by hand, and a model kind made for tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alarm/exclusions.hpp"
#include "api/api.hpp"
#include "api/password.hpp"
#include "base/random.hpp"
#include "codec/codec.hpp"
#include "feature/feature.hpp"
#include "ingest/ingest.hpp"
#include "sink/sink.hpp"
#include "source/source.hpp"
#include "tests/support/fake_store.hpp"

namespace vedette::test {

/// Messages handed in by the test.
class HandSource final : public Source {
 public:
  HandSource(std::deque<std::string>& payloads, const Clock& clock)
      : payloads_(payloads), clock_(clock) {}
  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds,
                      const Take& take) override {
    for (std::size_t i = 0; i < messages_max && !payloads_.empty(); ++i) {
      take({.topic = "iot/t/sensor",
            .origin = "test",
            .payload = payloads_.front(),
            .line = 0,
            .received = clock_.now()});
      payloads_.pop_front();
    }
    return Pulled::some;
  }
  Status acknowledge() override { return {}; }
  std::string describe() const override { return "by hand"; }

 private:
  std::deque<std::string>& payloads_;
  const Clock& clock_;
};

/// A payload that is a number is a reading of it; all else is malformed.
class NumberDecoder final : public Decoder {
 public:
  Result<Decoded> decode(const RawMessage& message, Record& record, Truth&) override {
    const auto number = parse_double(message.payload);
    if (!number) return Error{Errc::malformed, "not a number"};
    record.kind = RecordKind::reading;
    record.device = "t";
    record.time = message.received;
    record.reading.add("value", *number);
    record.seal();
    return Decoded::record;
  }
};

/// A sink that makes what it sees durable by forgetting it.
class NullSink final : public Sink {
 public:
  std::string_view name() const override { return "null"; }
  bool durable() const override { return true; }
  Status accept(Batch&, Time) override { return {}; }
  Status tick(AlarmChanges&, Time) override { return {}; }
};

/// Always as sure as its one number says.
class ConstantModel final : public Model {
 public:
  ConstantModel(std::size_t width, float anomalous) : width_(width), anomalous_(anomalous) {}
  std::string_view kind() const override { return "constant"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return 2; }
  void score(Rows rows, std::span<float> out) const override {
    for (std::size_t i = 0; i < rows.count; ++i) {
      out[2 * i] = 1 - anomalous_;
      out[2 * i + 1] = anomalous_;
    }
  }
  void explain(std::span<const float>, std::uint16_t, std::span<float> out) const override {
    std::fill(out.begin(), out.end(), 0.0F);
  }
  std::string describe() const override { return "one number"; }
  void save(ByteWriter& out) const override {
    out.put(static_cast<std::uint32_t>(width_));
    out.put(anomalous_);
  }
  static Result<std::unique_ptr<Model>> load(ByteReader& in) {
    const auto width = in.get<std::uint32_t>();
    const auto anomalous = in.get<float>();
    if (!in.ok()) return Error{Errc::corrupt, "a constant model has eight bytes"};
    return std::unique_ptr<Model>{std::make_unique<ConstantModel>(width, anomalous)};
  }

 private:
  std::size_t width_;
  float anomalous_;
};

inline constexpr ModelKind constant_kind{.name = "constant",
                                         .summary = "for tests",
                                         .record_kind = RecordKind::reading,
                                         .fit = nullptr,
                                         .load = &ConstantModel::load};

inline ModelFile constant_model(float anomalous) {
  const auto features = make_series_features();
  ByteWriter bytes;
  features->save(bytes);
  ModelFile file;
  file.created = "2026-11-20T00:00:00Z";
  file.classes = {"Benign", "level"};
  file.schema = features->schema();
  file.split = "time 0.8";
  file.metrics_json = R"({"macro_f1":0.5})";
  file.threshold = {.value = 0.7F, .false_positive_rate = 0.01, .benign_rows = 1000};
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  file.model = std::make_shared<ConstantModel>(file.schema.width(), anomalous);
  return file;
}

inline std::string constant_model_bytes(float anomalous) {
  ModelFile file = constant_model(anomalous);
  const auto bytes = encode_model(file);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ApiFixture : public ::testing::Test {
 protected:
  using Headers = std::map<std::string, std::string, std::less<>>;

  ApiFixture() {
    clock.set(parse_time("2026-11-23T12:00:00Z").value());
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<NullSink>());
    pipeline = std::make_unique<Pipeline>(
        std::make_unique<Ingest>(std::make_unique<HandSource>(payloads, clock),
                                 std::make_unique<NumberDecoder>()),
        std::make_shared<DetectorSet>(), std::move(sinks), clock, PipelineOptions{});
    // One hash for all tests: each costs 0.15 s and 64 MiB.
    static const std::string hash = hash_password("correct horse").value();
    for (const char* name : {"admin", "viewer"}) {
      EXPECT_TRUE(store.put_user({name, hash, name, clock.now()}).ok());
      for (const char* kind : {"session", "api"}) {
        const std::string secret = std::string{name} + "-" + kind;
        EXPECT_TRUE(store
                        .put_token({hash_secret(secret), name, kind, kind, clock.now(),
                                    clock.now() + std::chrono::hours{12}})
                        .ok());
      }
    }
    api = std::make_unique<Api>(parts());
  }
  ~ApiFixture() override { std::filesystem::remove_all(folder); }

  ApiParts parts() {
    return {.store = store,
            .pipeline = *pipeline,
            .hub = hub,
            .clock = clock,
            .kinds = {&constant_kind, 1},
            .model_folder = folder,
            .assets = assets,
            .entropy =
                [this](std::span<std::byte> bytes) {
                  const std::lock_guard lock{random_mutex};
                  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
                },
            .version = "1.2.3",
            .exclusions = &exclusions};
  }

  /// `target` as in a request line, without escapes.
  HttpResponse ask(std::string_view method, std::string_view target, Headers headers = {},
                   std::string body = {}) {
    HttpRequest request;
    request.method = method;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const std::size_t equals = pair.find('=');
      request.query[std::string{pair.substr(0, equals)}] =
          equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    }
    if (const auto cookie = headers.find("cookie"); cookie != headers.end()) {
      request.cookies["vedette_session"] = cookie->second;
    }
    request.headers = std::move(headers);
    request.headers.emplace("host", "vedette.example:8080");
    request.body = std::move(body);
    request.peer = peer;
    request.tls = tls;
    return api->handle(request);
  }
  /// With an API token.
  HttpResponse as(const std::string& user, std::string_view method, std::string_view target,
                  std::string body = {}) {
    return ask(method, target, {{"authorization", "Bearer " + user + "-api"}}, std::move(body));
  }
  static nlohmann::json json(const HttpResponse& response) {
    return nlohmann::json::parse(response.body);
  }
  static std::string header(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  /// The detail of a problem document, after checking that it is one.
  static std::string detail(const HttpResponse& response) {
    EXPECT_EQ(response.content_type, "application/problem+json") << response.body;
    const auto document = nlohmann::json::parse(response.body, nullptr, false);
    EXPECT_EQ(document.value("status", 0), response.status) << response.body;
    return document.value("detail", "");
  }

  std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                 ("vedette_api_" + std::to_string(getpid()) + "_" +
                                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
  ManualClock clock;
  FakeStore store;
  EventHub hub{2, 64};
  Exclusions exclusions;
  std::deque<std::string> payloads;
  std::unique_ptr<Pipeline> pipeline;
  std::vector<Asset> assets{
      {"/index.html", "text/html; charset=utf-8", "<html>"},
      {"/assets/index-3f2a.js", "text/javascript", "go()"},
  };
  std::mutex random_mutex;
  Random random{42};
  std::unique_ptr<Api> api;
  std::string peer = "192.0.2.1";
  bool tls = false;
};

}  // namespace vedette::test

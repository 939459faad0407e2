/// A service inside the test, and what speaks and listens beside it: a fleet's voice with the truth
/// of what it says, and a reader of that truth.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "app/live_fleet.hpp"
#include "app/service.hpp"
#include "app/simulate_command.hpp"
#include "codec/codec.hpp"
#include "fleet/fleet.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/process.hpp"

namespace vedette::test {

using Json = nlohmann::json;

/// A service on a thread of this process, asked over HTTP as an administrator.
class LiveService {
 public:
  LiveService(const std::filesystem::path& folder, const std::filesystem::path& model,
              const std::string& broker, const Clock& clock, FleetControl* fleet) {
    Config config;
    config.mqtt.uri = broker;
    config.http.port = 0;
    config.store.uri = "sqlite:" + (folder / "vedette.db").string();
    config.models.folder = folder;
    config.models.flow = model.string();
    config.scoreboard.truth = "vedette/truth/#";
    auto started = Service::start(config, clock, fleet);
    if (!started) throw std::runtime_error(started.error().message);
    service_ = std::move(started).value();
    EXPECT_TRUE(
        put_user_with_password(service_->store(), clock, "tester", "a long password", "admin")
            .ok());
    token_ = make_api_token(service_->store(), clock, system_entropy, "tester", "test",
                            std::chrono::hours{1})
                 .value();
    const std::string url = service_->url();
    port_ = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    line_ = std::jthread{[this](const std::stop_token& stop) {
      const Status done = service_->run(stop);
      EXPECT_TRUE(done.ok()) << done.error().message;
    }};
  }

  HttpReply ask(const std::string& method, const std::string& path, const std::string& body = "") {
    return HttpClient{port_}.ask(
        method, path, {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}},
        body);
  }
  Json get(const std::string& path) {
    const HttpReply reply = ask("GET", path);
    EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
    return Json::parse(reply.body, nullptr, false);
  }

  /// Both ways in are open: the line's, and that of the truth, which a line of nonsense shows.
  void wait_until_it_listens(MqttPublisher& publisher) {
    const auto tell = [&](const std::string& line) {
      EXPECT_TRUE(publisher.publish("vedette/truth/test", line, 1, false).ok());
      EXPECT_TRUE(publisher.wait_drained(0, std::chrono::seconds{10}).ok());
    };
    const auto records = [&] { return get("/api/v1/scoreboard")["records"]; };
    ASSERT_TRUE(eventually([&] { return get("/api/v1/status")["source"]["connected"] == true; }));
    ASSERT_TRUE(eventually([&] {
      tell("nonsense\n");
      return records()["bad_lines"] > 0;
    }));
    // Behind all nonsense comes the truth about a record that there is not.
    std::string last;
    append_truth_line(last, nobodys());
    tell(last);
    ASSERT_TRUE(eventually([&] { return records()["waiting_verdict"] == 1; }));
    EXPECT_EQ(ask("POST", "/api/v1/scoreboard/reset").status, 204);
    EXPECT_EQ(records()["bad_lines"], 0);
  }
  static TruthNote nobodys() {
    TruthNote note;
    note.key = {1, 1};
    note.device = "nobody";
    note.label = "Benign";
    return note;
  }
  /// Not over HTTP: the thread that simulates waits here, and while an HTTP thread waits for it in
  /// turn (an order to the fleet), a connection behind that order would get no answer.
  void wait_until_dealt_with(std::uint64_t messages) {
    const auto dealt_with = [this] {
      const CountersSnapshot look = look_at(service_->counters());
      return look.verdicts + look.quarantined;
    };
    EXPECT_TRUE(eventually([&] { return dealt_with() >= messages; }, std::chrono::minutes{2}));
  }
  void wait_for_joined(std::uint64_t number) {
    Json records;
    EXPECT_TRUE(eventually(
        [&] {
          records = get("/api/v1/scoreboard")["records"];
          return records["joined"].get<std::uint64_t>() >= number;
        },
        std::chrono::minutes{2}))
        << records << " of " << number;
  }
  void stop() {
    line_.request_stop();
    line_.join();
  }
  Store& store() { return service_->store(); }

 private:
  std::unique_ptr<Service> service_;
  std::string token_;
  std::uint16_t port_ = 0;
  std::jthread line_;
};

/// Reads the truth from its topic, as anybody could who is no detector.
class TruthReader {
 public:
  explicit TruthReader(const std::string& broker) {
    SubscriberOptions options;
    options.connection.broker = parse_mqtt_uri(broker).value();
    options.connection.client_id = "reader";
    options.filters = {"vedette/truth/#"};
    subscriber_ = MqttSubscriber::create(options, 1).value();
    thread_ = std::jthread{[this](const std::stop_token& stop) { read(stop); }};
  }
  bool connected() const { return subscriber_->connected(); }
  std::vector<TruthNote> notes() const {
    const std::lock_guard lock{mutex_};
    return notes_;
  }
  std::size_t of_episode(std::uint32_t number) const {
    const std::lock_guard lock{mutex_};
    const auto found = records_.find(number);
    return found == records_.end() ? 0 : found->second;
  }

 private:
  void read(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const Status done = subscriber_->read(std::chrono::milliseconds{100}, 100,
                                            [this](std::string_view, std::string_view text) {
                                              std::istringstream lines{std::string{text}};
                                              TruthNote note;
                                              for (std::string line; std::getline(lines, line);) {
                                                if (!read_truth_line(line, note).ok()) continue;
                                                const std::lock_guard lock{mutex_};
                                                notes_.push_back(note);
                                                ++records_[note.episode];
                                              }
                                            });
      if (!done.ok()) continue;  // not connected yet
      EXPECT_TRUE(subscriber_->release().ok());
    }
  }
  mutable std::mutex mutex_;
  std::vector<TruthNote> notes_;
  std::map<std::uint32_t, std::size_t> records_;
  std::unique_ptr<MqttSubscriber> subscriber_;
  std::jthread thread_;
};

inline std::unique_ptr<MqttPublisher> publisher_to(const std::string& broker, const char* client) {
  MqttOptions options;
  options.broker = parse_mqtt_uri(broker).value();
  options.client_id = client;
  auto publisher = MqttPublisher::create(options).value();
  EXPECT_TRUE(publisher->wait_connected(std::chrono::seconds{10}).ok());
  return publisher;
}

/// What `said` truly is.
inline TruthNote note_of(const Simulated& said) {
  TruthNote note;
  note.device = said.record.device;
  note.label = said.truth.label;
  if (said.topic.empty()) {
    note.key = said.record.key;
  } else {
    note.message = message_hash(said.topic, said.payload);
    note.time = said.record.time;
  }
  if (said.episode == 0) return note;
  note.episode = said.episode;
  note.cause = episode_kinds()[said.kind].name;
  note.begins = said.episode_begins;
  return note;
}

/// Publishes records, and their truth beside them, as fast as the broker confirms them.
class Speaker {
 public:
  explicit Speaker(MqttPublisher& publisher) : publisher_(publisher) {}

  void say(const Simulated& said, const TruthNote& note) {
    std::string topic = said.topic;
    std::string payload = said.payload;
    if (topic.empty()) {
      append_topic(topic, said.record);
      append_record_json(payload, said.record);
    }
    EXPECT_TRUE(publisher_.publish(topic, payload, 1, false).ok());
    append_truth_line(truth_, note);
    if (++said_ % 100 != 0) return;
    flush();
    EXPECT_TRUE(publisher_.wait_drained(500, std::chrono::seconds{30}).ok());
  }
  void flush() {
    if (!truth_.empty()) {
      EXPECT_TRUE(publisher_.publish("vedette/truth/fleet", truth_, 1, false).ok());
    }
    truth_.clear();
  }
  void finish() {
    flush();
    EXPECT_TRUE(publisher_.wait_drained(0, std::chrono::minutes{1}).ok());
  }
  std::uint64_t said() const { return said_; }

 private:
  MqttPublisher& publisher_;
  std::string truth_;
  std::uint64_t said_ = 0;
};

}  // namespace vedette::test

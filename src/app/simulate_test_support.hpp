/// What the tests of `vedette simulate` share: a scripted broker, a folder, the fleet's twin.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/simulate_command.hpp"
#include "app/system_clock.hpp"
#include "app/tables.hpp"
#include "tests/support/process.hpp"

namespace vedette {

constexpr Time test_start = time_from_micros(1'772'409'600'000'000);

/// What the scripted broker saw, and how it behaves.
struct ScriptedBroker {
  std::vector<std::pair<std::string, std::string>> messages;
  std::size_t room = 1'000'000;  ///< unconfirmed messages it takes before it is busy
  std::size_t unconfirmed = 0;
  bool confirms = true;
  bool reachable = true;
  std::size_t stop_after = 0;
  std::stop_source stop;
  MqttOptions connection;
};

class ScriptedPublisher final : public MqttPublisher {
 public:
  explicit ScriptedPublisher(ScriptedBroker& broker) : broker_(broker) {}
  Status wait_connected(std::chrono::milliseconds) override {
    if (broker_.reachable) return {};
    return Error{Errc::unavailable, "nobody there"};
  }
  Status publish(std::string_view topic, std::string_view payload, int, bool) override {
    if (broker_.unconfirmed == broker_.room) return Error{Errc::busy, "full"};
    ++broker_.unconfirmed;
    broker_.messages.emplace_back(topic, payload);
    if (broker_.messages.size() == broker_.stop_after) broker_.stop.request_stop();
    return {};
  }
  Status wait_drained(std::size_t left, std::chrono::milliseconds) override {
    if (broker_.confirms) broker_.unconfirmed = std::min(broker_.unconfirmed, left);
    if (broker_.unconfirmed <= left) return {};
    return Error{Errc::unavailable, "still waiting"};
  }
  bool connected() const override { return broker_.reachable; }

 private:
  ScriptedBroker& broker_;
};

inline Result<SimulateReport> run(const SimulateOptions& options, ScriptedBroker& broker,
                                  Time now = test_start) {
  const ManualClock clock(now);
  return run_simulate(
      options, clock, broker.stop.get_token(),
      [&](const MqttOptions& connection) -> Result<std::unique_ptr<MqttPublisher>> {
        broker.connection = connection;
        return std::unique_ptr<MqttPublisher>{std::make_unique<ScriptedPublisher>(broker)};
      });
}

inline SimulateOptions to_broker() {
  SimulateOptions options;
  options.to = "mqtt://127.0.0.1:1883";
  options.progress = false;
  options.rate = 1e6;
  options.messages_max = 5000;
  return options;
}

inline std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// All records of a file, with the truth that lies beside it or inside.
inline std::vector<LabelledRecord> read_all(const std::filesystem::path& path) {
  std::vector<LabelledRecord> out;
  const SystemClock clock;
  auto ingest = open_file(path, "", clock);
  EXPECT_TRUE(ingest) << ingest.error().message;
  if (!ingest) return out;
  Batch batch{512};
  for (auto state = Ingest::State::more; state == Ingest::State::more;) {
    batch.reset();
    const auto pulled = (*ingest)->pull(batch, std::chrono::milliseconds{0});
    EXPECT_TRUE(pulled) << pulled.error().message;
    if (!pulled) return out;
    state = *pulled;
    for (const Quarantined& bad : batch.quarantined) ADD_FAILURE() << bad.place << bad.reason;
    for (const Judged& item : batch) out.push_back({item.record, item.truth});
  }
  return out;
}

/// Files of a run of ten minutes.
class SimulateFiles : public testing::Test {
 protected:
  SimulateFiles() {
    options_.progress = false;
    options_.length = std::chrono::seconds{600};
    options_.fleet.start = test_start;
  }
  std::filesystem::path file(std::string_view name) const { return folder_.path() / name; }
  /// The twin of what the command should have written.
  template <class See>
  void watch_fleet(See see) const {
    FleetSimulator fleet(options_.fleet);
    Simulated said;
    for (fleet.next(said); said.record.time < test_start + options_.length; fleet.next(said)) {
      if (said.topic.empty()) see(said);
    }
  }

  test::TemporaryDirectory folder_;
  SimulateOptions options_;
  ScriptedBroker broker_;
};

}  // namespace vedette

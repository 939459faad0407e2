// The whole line under seeded misfortune: a source that delivers again what was not acknowledged, a
// store whose commits fail, a process that "crashes" between commit and acknowledgement. Whatever
// happens, the store ends with exactly one verdict per message and the law holds at every look.
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <set>

#include "base/random.hpp"
#include "codec/codec.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/pipeline.hpp"
#include "sink/sink.hpp"
#include "source/source.hpp"
#include "store/store.hpp"

namespace vedette {
namespace {

/// When the simulated service runs. Records are received then too: retention counts from that.
constexpr Time service_time = time_from_micros(1'600'000'000'000'000);

/// A broker in memory: hands out messages in order, keeps each until it is acknowledged, and starts
/// again from the first unacknowledged one when a new session opens.
class Broker {
 public:
  void publish(std::string topic, std::string payload) {
    waiting_.push_back({std::move(topic), std::move(payload)});
  }
  void reopen() { handed_out_ = 0; }
  bool drained() const { return waiting_.empty(); }

  std::size_t hand_out(std::size_t most, const Source::Take& take, Time now) {
    std::size_t count = 0;
    for (; count < most && handed_out_ < waiting_.size(); ++count, ++handed_out_) {
      const Message& message = waiting_[handed_out_];
      take({message.topic, "broker", message.payload, 0, now});
    }
    return count;
  }
  void acknowledge() {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(handed_out_));
    handed_out_ = 0;
  }

 private:
  struct Message {
    std::string topic;
    std::string payload;
  };
  std::deque<Message> waiting_;
  std::size_t handed_out_ = 0;
};

class BrokerSource final : public Source {
 public:
  BrokerSource(Broker& broker, Random random) : broker_(broker), random_(random) {
    broker_.reopen();
  }
  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds,
                      const Take& take) override {
    if (random_.chance(0.05)) return Error{Errc::unavailable, "the broker is away"};
    broker_.hand_out(1 + random_.below(messages_max), take, service_time);
    return Pulled::some;
  }
  Status acknowledge() override {
    broker_.acknowledge();
    return {};
  }
  std::string describe() const override { return "broker in memory"; }

 private:
  Broker& broker_;
  Random random_;
};

/// Fails now and then, before or after the real sink has accepted: the second is the nasty one.
class FlakySink final : public Sink {
 public:
  FlakySink(std::unique_ptr<Sink> inner, Random random)
      : inner_(std::move(inner)), random_(random) {}
  std::string_view name() const override { return "flaky store"; }
  bool durable() const override { return true; }
  Status accept(Batch& batch, Time now) override {
    if (random_.chance(0.1)) return Error{Errc::io, "the disk is full"};
    Status done = inner_->accept(batch, now);
    if (done && random_.chance(0.1)) return Error{Errc::io, "the answer was lost"};
    return done;
  }
  Status tick(AlarmChanges& changes, Time now) override { return inner_->tick(changes, now); }

 private:
  std::unique_ptr<Sink> inner_;
  Random random_;
};

std::string flow_json(std::size_t number) {
  Record record;
  record.device = "cam";
  record.time = time_from_micros(1'545'403'816'000'000 + static_cast<std::int64_t>(number));
  record.flow.uid = "C" + std::to_string(number);
  record.flow.orig_h = "10.0.0.1";
  record.flow.resp_h = "10.0.0.2";
  record.flow.proto = Proto::tcp;
  record.flow.conn_state = ConnState::SF;
  std::string json;
  append_record_json(json, record);
  return json;
}

class LineSimulation : public testing::TestWithParam<std::uint64_t> {
 protected:
  LineSimulation()
      : path_(std::filesystem::temp_directory_path() /
              ("vedette-line-" + std::to_string(getpid()) + "-" + std::to_string(GetParam()))) {
    std::filesystem::create_directories(path_);
  }
  ~LineSimulation() override { std::filesystem::remove_all(path_); }
  std::filesystem::path path_;
};

constexpr std::size_t good_messages = 400;
constexpr std::size_t bad_messages = 40;

void publish_all(Broker& broker, Random& random) {
  std::size_t bad = 0;
  for (std::size_t i = 0; i < good_messages; ++i) {
    broker.publish("iot/cam/flow", flow_json(i));
    if (bad < bad_messages && random.chance(0.2)) {
      broker.publish("iot/cam/flow", "{\"ts\":" + std::to_string(bad++));
    }
  }
  while (bad < bad_messages) broker.publish("iot/cam/flow", "{\"ts\":" + std::to_string(bad++));
}

/// One life of the service: some steps, then the process is gone, wherever it stood.
void live(Broker& broker, Random& random, const std::filesystem::path& path) {
  auto store = open_sqlite_store(path / "line.db", {});
  ASSERT_TRUE(store) << store.error().message;
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<FlakySink>(make_store_sink(**store), random.split()));
  ManualClock clock{service_time};
  PipelineOptions options;
  options.batch_records_max = 32;
  options.retry_min = options.retry_max = std::chrono::milliseconds{0};
  Pipeline pipeline{std::make_unique<Ingest>(std::make_unique<BrokerSource>(broker, random.split()),
                                             make_json_decoder()),
                    std::make_shared<DetectorSet>(), std::move(sinks), clock, options};
  for (std::size_t steps = random.below(20); steps > 0; --steps) {
    const auto stepped = pipeline.step({});
    ASSERT_TRUE(stepped || stepped.error().code == Errc::unavailable);
    const CountersSnapshot look = look_at(pipeline.counters());
    ASSERT_EQ(look.received, look.verdicts + look.quarantined + look.waiting);
    ASSERT_EQ(look.waiting, 0U) << "a finished step leaves nothing behind";
  }
}

TEST_P(LineSimulation, EndsWithExactlyOneVerdictPerMessage) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Random random{GetParam()};
  Broker broker;
  publish_all(broker, random);
  for (int lives = 0; !broker.drained() && lives < 1000; ++lives) {
    ASSERT_NO_FATAL_FAILURE(live(broker, random, path_));
  }
  ASSERT_TRUE(broker.drained());

  auto store = open_sqlite_store(path_ / "line.db", {});
  ASSERT_TRUE(store);
  std::set<std::string> uids;
  VerdictQuery query;
  do {
    const auto page = (*store)->verdicts(query);
    ASSERT_TRUE(page) << page.error().message;
    for (const Judged& judged : page->items) {
      EXPECT_TRUE(uids.insert(judged.record.flow.uid).second) << judged.record.flow.uid;
    }
    query.before = page->next;
  } while (!query.before.empty());
  EXPECT_EQ(uids.size(), good_messages);
  EXPECT_EQ((*store)->counts()->flows, good_messages);
  EXPECT_GE((*store)->counts()->quarantined, bad_messages);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LineSimulation, testing::Range<std::uint64_t>(1, 9));

class SilentSource final : public Source {
 public:
  Result<Pulled> pull(std::size_t, std::chrono::milliseconds, const Take&) override {
    return Pulled::some;
  }
  Status acknowledge() override { return {}; }
  std::string describe() const override { return "nobody"; }
};

/// Its upkeep fails while `away`.
class AwaySink final : public Sink {
 public:
  explicit AwaySink(const bool& away) : away_(away) {}
  std::string_view name() const override { return "store"; }
  bool durable() const override { return true; }
  Status accept(Batch&, Time) override { return {}; }
  Status tick(AlarmChanges&, Time) override {
    return away_ ? Status{Error{Errc::refused, "Authentication failed."}} : Status{};
  }

 private:
  const bool& away_;
};

TEST(Line, IsDegradedWhileItsStoreIsAwayThoughNothingComes) {
  bool away = false;
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<AwaySink>(away));
  ManualClock clock{service_time};
  Pipeline pipeline{std::make_unique<Ingest>(std::make_unique<SilentSource>(), make_json_decoder()),
                    std::make_shared<DetectorSet>(),
                    std::move(sinks),
                    clock,
                    {}};
  for (const bool is_away : {false, true, true, false}) {
    away = is_away;
    clock.advance(std::chrono::seconds{2});
    ASSERT_TRUE(pipeline.step({}));
    EXPECT_EQ(pipeline.counters().degraded, is_away);
  }
}

}  // namespace
}  // namespace vedette

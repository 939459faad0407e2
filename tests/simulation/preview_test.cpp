// A preview's counts equal a replay: the same records, walked through a line and a store with the
// threshold and the exclusions that were previewed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "alarm/exclusions.hpp"
#include "base/random.hpp"
#include "codec/codec.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/pipeline.hpp"
#include "sink/sink.hpp"
#include "source/source.hpp"
#include "store/store.hpp"

namespace vedette {
namespace {

const Time start = time_from_micros(1'700'000'000'000'000);

/// A message, and when it came.
struct Message {
  Time received;
  Record record;
};

/// Hands out what came until now.
class TimedSource final : public Source {
 public:
  TimedSource(const std::vector<Message>& messages, const Clock& clock)
      : messages_(messages), clock_(clock) {}
  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds,
                      const Take& take) override {
    for (std::size_t i = 0;
         i < messages_max && next_ < messages_.size() && messages_[next_].received <= clock_.now();
         ++i, ++next_) {
      const Message& message = messages_[next_];
      const bool is_flow = message.record.kind == RecordKind::flow;
      const std::string topic =
          fmt::format("iot/{}/{}", message.record.device, is_flow ? "flow" : "sensor");
      std::string payload;
      append_record_json(payload, message.record);
      take({topic, "test", payload, 0, message.received});
    }
    return Pulled::some;
  }
  Status acknowledge() override { return {}; }
  std::string describe() const override { return "messages at their time"; }

 private:
  const std::vector<Message>& messages_;
  const Clock& clock_;
  std::size_t next_ = 0;
};

/// Its score is written in the record: a flow's duration, a reading's value.
class FixtureModel final : public Model {
 public:
  FixtureModel(std::size_t width, std::size_t column) : width_(width), column_(column) {}
  std::string_view kind() const override { return "fixture"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return 3; }
  void score(Rows rows, std::span<float> out) const override {
    for (std::size_t i = 0; i < rows.count; ++i) {
      const float seed = std::abs(rows[i][column_]) * 977;
      const float strange = seed - std::floor(seed);
      const bool second = std::fmod(std::floor(seed), 2.0F) > 0;
      out[3 * i] = 1 - strange;
      out[3 * i + 1] = second ? 0 : strange;
      out[3 * i + 2] = second ? strange : 0;
    }
  }
  void explain(std::span<const float>, std::uint16_t, std::span<float> out) const override {
    std::fill(out.begin(), out.end(), 0.0F);
  }
  std::string describe() const override { return "a number in the record"; }
  void save(ByteWriter&) const override {}

 private:
  std::size_t width_;
  std::size_t column_;
};

std::shared_ptr<const Detector> detector(std::unique_ptr<FeatureMap> features,
                                         std::string_view column, float threshold) {
  ModelFile file;
  ByteWriter bytes;
  features->save(bytes);
  file.id = "fixture-1";
  file.classes = {"Benign", "unknown",
                  features->schema().record_kind == RecordKind::flow ? "C&C" : "stuck"};
  file.schema = features->schema();
  file.threshold.value = threshold;
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  std::size_t at = 0;
  while (at < file.schema.columns.size() && file.schema.columns[at].name != column) ++at;
  EXPECT_LT(at, file.schema.columns.size()) << column;
  file.model = std::make_shared<FixtureModel>(file.schema.width(), at);
  auto made = Detector::make(std::move(file));
  EXPECT_TRUE(made.ok()) << made.error().message;
  return *made;
}

std::vector<Message> draw(Random& random, std::size_t count) {
  std::vector<Message> messages(count);
  Time now = start;
  for (Message& message : messages) {
    now += std::chrono::milliseconds{random.chance(0.01) ? 400'000 : random.below(8'000)};
    message.received = now;
    Record& record = message.record;
    record.kind = random.chance(0.3) ? RecordKind::reading : RecordKind::flow;
    record.device = fmt::format("d{}", random.below(12));
    record.time = now - std::chrono::milliseconds{random.below(50'000)};
    record.flow.proto = Proto::tcp;
    record.flow.conn_state = ConnState::SF;
    record.flow.orig_h = "10.0.0.1";
    record.flow.resp_h = fmt::format("10.0.1.{}", random.below(4));
    record.flow.resp_p = static_cast<std::uint16_t>(random.chance(0.5) ? 23 : 123);
    record.flow.duration = random.uniform();
    record.reading.add("temperature", random.normal());
    record.seal();
  }
  return messages;
}

class PreviewTest : public testing::Test {
 protected:
  PreviewTest()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("vedette_preview_{}", ::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~PreviewTest() override { std::filesystem::remove_all(folder_); }

  /// Walks all messages through a line; batches are cut by chance and the clock ticks between them.
  std::unique_ptr<Store> walk(const std::string& name, const std::vector<Message>& messages,
                              float flow_threshold, const std::vector<Exclusion>& excluded,
                              std::uint64_t seed) {
    auto store = open_sqlite_store(folder_ / name, {});
    EXPECT_TRUE(store.ok());
    Exclusions exclusions;
    exclusions.swap(excluded);
    ManualClock clock{start};
    auto detectors = std::make_shared<DetectorSet>();
    detectors->active[static_cast<std::size_t>(RecordKind::flow)] =
        detector(make_flow_features("published24").value()->build(), "duration", flow_threshold);
    detectors->active[static_cast<std::size_t>(RecordKind::reading)] =
        detector(make_series_features(), "level", 0.7F);
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(make_store_sink(**store));
    PipelineOptions options;
    options.batch_records_max = 200;
    options.exclusions = &exclusions;
    Pipeline pipeline{std::make_unique<Ingest>(std::make_unique<TimedSource>(messages, clock),
                                               make_json_decoder()),
                      detectors, std::move(sinks), clock, options};
    Random random{seed};
    while (clock.now() < messages.back().received + std::chrono::hours{1}) {
      EXPECT_TRUE(pipeline.step({}).ok());
      clock.advance(std::chrono::milliseconds{1 + random.below(20'000)});
    }
    EXPECT_EQ(look_at(pipeline.counters()).verdicts, messages.size());
    return std::move(*store);
  }

  /// What a store holds, counted by hand.
  static PreviewCounts stored(const Store& store) {
    PreviewCounts counts;
    VerdictQuery query{.anomalous = true, .limit = 1000};
    do {
      const auto page = store.verdicts(query);
      for (const Judged& judged : page->items) {
        ++counts.anomalous;
        counts.excluded += judged.verdict.excluded != 0 ? 1 : 0;
      }
      query.before = page->next;
    } while (!query.before.empty());
    counts.alerts = store.counts()->alerts;
    counts.incidents = store.counts()->incidents;
    return counts;
  }
  static std::map<std::string, std::uint64_t> alerts_by_device(const Store& store) {
    std::map<std::string, std::uint64_t> counts;
    AlertQuery query{.limit = 1000};
    do {
      const auto page = store.alerts(query);
      for (const Alert& alert : page->items) ++counts[alert.device];
      query.before = page->next;
    } while (!query.before.empty());
    return counts;
  }
  static std::string text(const PreviewCounts& counts) {
    return fmt::format("{} anomalous, {} excluded, {} alerts, {} incidents", counts.anomalous,
                       counts.excluded, counts.alerts, counts.incidents);
  }

  std::filesystem::path folder_;
};

Exclusion exclusion(std::uint64_t id, const std::string& device, const std::string& label,
                    std::optional<std::uint16_t> port) {
  Exclusion one;
  one.id = id;
  one.device = device;
  one.label = label;
  one.port = port;
  one.created = Time::min();
  return one;
}

TEST_F(PreviewTest, CountsEqualAReplay) {
  const std::uint64_t seed = 20'261'123;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  const std::vector<Message> messages = draw(random, 6'000);
  const std::vector<Exclusion> in_force{exclusion(1, "d1", "", {})};
  const auto past = walk("past.db", messages, 0.7F, in_force, 1);
  ManualClock clock{messages.back().received + std::chrono::hours{2}};
  struct Fact {
    const char* name;
    std::optional<float> flow_threshold;
    std::vector<Exclusion> proposed;
    std::vector<std::uint64_t> without;
    std::vector<Exclusion> replayed;  // what is in force in the replay
  };
  const Exclusion ntp = exclusion(9, "", "", 123);
  const Exclusion cc = exclusion(8, "d2", "C&C", {});
  for (const Fact& fact :
       {Fact{"same", {}, {}, {}, in_force}, Fact{"higher", 0.9F, {}, {}, in_force},
        Fact{"lower", 0.4F, {}, {}, in_force}, Fact{"excluded", {}, {ntp}, {}, {in_force[0], ntp}},
        Fact{"lower and excluded", 0.5F, {ntp, cc}, {}, {in_force[0], ntp, cc}},
        Fact{"without", {}, {}, {1}, {}}}) {
    SCOPED_TRACE(fact.name);
    PreviewQuery query;
    query.threshold = fact.flow_threshold;
    if (fact.flow_threshold) query.kind = RecordKind::flow;
    query.exclusions = fact.proposed;
    query.without = fact.without;
    // The exclusions of the past line were not kept in the store: marks are what is left of them,
    // so a lower threshold needs them proposed again.
    if (fact.without.empty()) query.exclusions.push_back(in_force[0]);
    const auto answer = preview(*past, query, clock);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_FALSE(answer->cut);
    EXPECT_EQ(text(answer->total.now), text(stored(*past)));
    const auto replay = walk(std::string{fact.name} + ".db", messages,
                             fact.flow_threshold.value_or(0.7F), fact.replayed, 2);
    const PreviewCounts expected = stored(*replay);
    EXPECT_EQ(text(answer->total.would), text(expected));
    EXPECT_GT(expected.alerts, 20U);
    EXPECT_GT(expected.incidents, 5U);
    std::map<std::string, std::uint64_t> by_device;
    std::uint64_t by_day = 0;
    for (const PreviewDevice& one : answer->devices) {
      if (one.counts.would.alerts > 0) by_device[one.device] = one.counts.would.alerts;
    }
    for (const PreviewDay& one : answer->days) by_day += one.counts.would.alerts;
    EXPECT_EQ(by_device, alerts_by_device(*replay));
    EXPECT_EQ(by_day, expected.alerts);
    EXPECT_EQ(answer->raised - answer->hidden,
              (expected.anomalous - expected.excluded) -
                  (answer->total.now.anomalous - answer->total.now.excluded));
  }
}

}  // namespace
}  // namespace vedette

// What the line knows of the devices outlives it: stopped and started again it says of every record
// what it would have said without; killed, it has forgotten the last minute at most; and a state
// that does not fit is dropped with a sentence.
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/hash.hpp"
#include "codec/codec.hpp"
#include "fleet/fleet.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/pipeline.hpp"
#include "sink/sink.hpp"
#include "source/source.hpp"

namespace vedette::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Scores a row by all of its bits: equal verdicts mean equal rows.
class BitModel final : public Model {
 public:
  explicit BitModel(std::size_t width) : width_(width) {}
  std::string_view kind() const override { return "bits"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return 2; }
  void score(Rows rows, std::span<float> out) const override {
    for (std::size_t i = 0; i < rows.count; ++i) {
      const auto hash = hash64(std::as_bytes(rows[i])) >> 40U;
      out[2 * i + 1] = static_cast<float>(hash) / 16'777'216.0F;
      out[2 * i] = 1 - out[2 * i + 1];
    }
  }
  void explain(std::span<const float>, std::uint16_t, std::span<float> out) const override {
    std::fill(out.begin(), out.end(), 0.0F);
  }
  std::string describe() const override { return "all bits"; }
  void save(ByteWriter&) const override {}

 private:
  std::size_t width_;
};

std::shared_ptr<const Detector> detector_of(const FeatureMap& features) {
  ByteWriter bytes;
  features.save(bytes);
  ModelFile file;
  file.id = "bits-0";
  file.classes = {"Benign", "Malicious"};
  file.schema = features.schema();
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  file.model = std::make_shared<BitModel>(features.schema().width());
  auto made = Detector::make(std::move(file));
  return made ? *made : nullptr;
}

std::shared_ptr<const DetectorSet> detectors(const char* columns) {
  auto set = std::make_shared<DetectorSet>();
  set->active[0] = detector_of(*(*make_flow_features(columns))->build());
  set->active[1] = detector_of(*make_series_features());
  return set;
}

/// Hands out messages in order; what was not acknowledged comes again. Each batch takes a second.
class Messages final : public Source {
 public:
  Messages(const std::vector<std::pair<std::string, std::string>>& all, std::size_t& done,
           ManualClock& clock, std::size_t until)
      : all_(all), done_(done), clock_(clock), until_(until) {}
  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds,
                      const Take& take) override {
    clock_.advance(1s);
    handed_ = std::min({messages_max, until_ - done_, std::size_t{7}});
    for (std::size_t i = 0; i < handed_; ++i) {
      const auto& [topic, payload] = all_[done_ + i];
      take({topic, "memory", payload, 0, clock_.now()});
    }
    return handed_ == 0 ? Pulled::end : Pulled::some;
  }
  Status acknowledge() override {
    done_ += handed_;
    return {};
  }
  std::string describe() const override { return "messages in memory"; }

 private:
  const std::vector<std::pair<std::string, std::string>>& all_;
  std::size_t& done_;
  ManualClock& clock_;
  std::size_t until_;
  std::size_t handed_ = 0;
};

struct Said {
  RecordKey key;
  float score = 0, threshold = 0, confidence = 0;
  Certainty certainty{};
  std::uint8_t learning = 0;
  friend bool operator==(const Said&, const Said&) = default;
};

class Collect final : public Sink {
 public:
  explicit Collect(std::vector<Said>& out) : out_(out) {}
  std::string_view name() const override { return "collect"; }
  bool durable() const override { return true; }
  Status accept(Batch& batch, Time) override {
    for (const Judged& judged : batch) {
      const Verdict& verdict = judged.verdict;
      out_.push_back({judged.record.key, verdict.score, verdict.threshold, verdict.confidence,
                      verdict.certainty, verdict.learning});
    }
    return {};
  }
  Status tick(AlarmChanges&, Time) override { return {}; }

 private:
  std::vector<Said>& out_;
};

class Restart : public testing::Test {
 protected:
  static constexpr std::size_t count = 12'000;

  Restart() : folder_(fs::temp_directory_path() / ("vedette-restart-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
    FleetPlan plan;
    plan.seed = 3;
    plan.start = time_from_micros(1'767'571'200'000'000);
    plan.devices = 12;
    FleetSimulator fleet{plan};
    Simulated said;
    while (messages_.size() < count) {
      fleet.next(said);
      if (!said.topic.empty()) continue;
      auto& [topic, payload] = messages_.emplace_back();
      topic = "iot/" + said.record.device +
              (said.record.kind == RecordKind::flow ? "/flow" : "/sensor");
      append_record_json(payload, said.record);
    }
  }
  ~Restart() override { fs::remove_all(folder_); }

  fs::path state() const { return folder_ / "line.state"; }
  std::unique_ptr<Pipeline> line(std::size_t until, const char* columns,
                                 const fs::path& state_file) {
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<Collect>(said_));
    PipelineOptions options;
    options.batch_records_max = 100;
    options.state_file = state_file;
    return std::make_unique<Pipeline>(
        std::make_unique<Ingest>(std::make_unique<Messages>(messages_, done_, clock_, until),
                                 make_json_decoder()),
        detectors(columns), std::move(sinks), clock_, options);
  }
  /// The verdicts of a line that nobody ever stops.
  std::vector<Said> undisturbed() {
    done_ = 0;
    said_.clear();
    EXPECT_TRUE(line(count, "windows", "")->run({}).ok());
    return std::exchange(said_, {});
  }

  fs::path folder_;
  std::vector<std::pair<std::string, std::string>> messages_;
  std::size_t done_ = 0;
  ManualClock clock_{time_from_micros(1'800'000'000'000'000)};
  std::vector<Said> said_;
};

TEST_F(Restart, VerdictsAfterItAreThoseWithoutIt) {
  const auto expected = undisturbed();
  ASSERT_EQ(expected.size(), count);
  done_ = 0;
  for (const std::size_t until : {std::size_t{1}, count / 3, count / 3 + 500, count}) {
    const auto part = line(until, "windows", state());
    ASSERT_TRUE(part->run({}).ok());
    EXPECT_TRUE(part->memory().saved);
    clock_.advance(1h);  // the service was off
  }
  ASSERT_EQ(said_.size(), count);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(said_[i], expected[i]) << "record " << i;
  std::size_t learning = 0;
  for (const Said& one : expected) learning += one.certainty == Certainty::learning ? 1 : 0;
  EXPECT_GT(learning, 100U);
  EXPECT_LT(learning, count) << "or nothing was ever known";
}

TEST_F(Restart, WithoutAStateFileItWouldNotBeSo) {
  const auto expected = undisturbed();
  done_ = 0;
  for (const std::size_t until : {count / 3, count}) {
    ASSERT_TRUE(line(until, "windows", "")->run({}).ok());
  }
  EXPECT_NE(said_[count / 3 + 50], expected[count / 3 + 50]);
}

// Killed: no run() that ends, no last words. What was seen after the last writing is forgotten.
TEST_F(Restart, AKilledLineHasForgottenAMinuteAtMost) {
  std::size_t saved_at = 0;
  {
    const auto killed = line(count, "windows", state());
    std::optional<Time> saved;
    for (int second = 0; second < 200; ++second) {
      ASSERT_TRUE(killed->step({}).ok());
      // A minute of the line is some milliseconds here: on a busy machine the thread that writes
      // needs longer, and a writing that finds the one before at work is left out.
      std::this_thread::sleep_for(5ms);
      if (killed->memory().saved == saved) continue;
      saved = killed->memory().saved;
      saved_at = done_;
    }
  }
  EXPECT_GT(saved_at, 0U);
  EXPECT_LE(done_ - saved_at, 60U * 7) << "7 records a second";
  // The next life knows what a line knew that read up to the writing and then from here.
  const std::size_t resumed = done_;
  said_.clear();
  ASSERT_TRUE(line(count, "windows", state())->run({}).ok());
  const auto after_kill = std::exchange(said_, {});
  fs::remove(state());
  done_ = 0;
  ASSERT_TRUE(line(saved_at, "windows", state())->run({}).ok());
  done_ = resumed;
  said_.clear();
  ASSERT_TRUE(line(count, "windows", state())->run({}).ok());
  EXPECT_EQ(after_kill, said_);
}

TEST_F(Restart, AStateThatDoesNotFitIsDroppedWithASentence) {
  ASSERT_TRUE(line(3000, "windows", state())->run({}).ok());
  EXPECT_NE(line(3000, "windows", state())->memory().restored.find("restored"), std::string::npos);
  const auto refused = [&](const char* columns) {
    const std::string sentence = line(3000, columns, state())->memory().restored;
    EXPECT_EQ(sentence.find("every device is new"), 0U) << sentence;
    return sentence;
  };
  EXPECT_NE(refused("behaviour").find("another model's features"), std::string::npos);
  clock_.advance(25h);
  EXPECT_NE(refused("windows").find("hours old"), std::string::npos);
  clock_.advance(-25h);
  {
    std::fstream file{state(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4000);
    file.put('\x5a').put('\xa5').put('\x11');
  }
  EXPECT_NE(refused("windows").find("checksum"), std::string::npos);
  fs::resize_file(state(), 10);
  EXPECT_NE(refused("windows").find("no state file"), std::string::npos);
  fs::remove(state());
  EXPECT_NE(refused("windows").find("no state file"), std::string::npos);
}

TEST_F(Restart, AStateThatCannotBeWrittenStopsNothing) {
  const auto part = line(3000, "windows", folder_ / "missing" / "line.state");
  EXPECT_TRUE(part->run({}).ok());
  EXPECT_EQ(said_.size(), 3000U);
  EXPECT_GT(part->counters().sink_failures.load(), 0U);
}

}  // namespace
}  // namespace vedette::test

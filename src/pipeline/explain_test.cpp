#include "pipeline/explain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/random.hpp"
#include "pipeline/column_families.hpp"
#include "pipeline/judging.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;

// ---- a model small enough to know its answers ------------------------------------------------

/// P(attack) by a function; its parts add up to nothing.
class ByHand final : public Model {
 public:
  using Function = std::function<float(std::span<const float>)>;
  ByHand(std::size_t width, Function attack) : width_(width), attack_(std::move(attack)) {}
  std::string_view kind() const override { return "by_hand"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return 2; }
  void score(Rows rows, std::span<float> out) const override {
    for (std::size_t i = 0; i < rows.count; ++i) {
      out[2 * i + 1] = attack_(rows[i]);
      out[2 * i] = 1 - out[2 * i + 1];
    }
  }
  /// The last column is blamed for all.
  void explain(std::span<const float>, std::uint16_t, std::span<float> out) const override {
    std::fill(out.begin(), out.end(), 0.0F);
    out.back() = 1;
  }
  std::string describe() const override { return "a function"; }
  void save(ByteWriter&) const override {}

 private:
  std::size_t width_;
  Function attack_;
};

std::unique_ptr<FeatureMap> columns24() {
  auto builder = make_flow_features("published24");
  return builder ? (*builder)->build() : nullptr;
}

std::size_t column(const FeatureMap& map, std::string_view name) {
  const auto& columns = map.schema().columns;
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
  EXPECT_NE(found, columns.end()) << name;
  return static_cast<std::size_t>(found - columns.begin());
}

std::shared_ptr<const Detector> detector_of(const FeatureMap& features,
                                            std::shared_ptr<const Model> model,
                                            std::vector<std::string> classes,
                                            const Exemplars& exemplars = {}) {
  ModelFile file;
  file.id = "by-hand";
  file.classes = std::move(classes);
  file.schema = features.schema();
  file.threshold.value = 0.5F;
  ByteWriter bytes;
  features.save(bytes);
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  if (exemplars.size() > 0) {
    ByteWriter out;
    exemplars.save(out);
    file.exemplars.assign(out.bytes().begin(), out.bytes().end());
  }
  file.model = std::move(model);
  auto made = Detector::make(std::move(file));
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made ? *made : nullptr;
}

/// Usual: every number up to 10, tcp that ends well.
struct Small {
  std::unique_ptr<FeatureMap> features;
  std::size_t bytes, pkts, tcp, sf, s0;
  Small() {
    const auto plain = columns24();
    bytes = column(*plain, "orig_bytes");
    pkts = column(*plain, "orig_pkts");
    tcp = column(*plain, "proto=tcp");
    sf = column(*plain, "conn_state=SF");
    s0 = column(*plain, "conn_state=S0");
    std::vector<UsualRange> usual(plain->schema().width(), {0, 10});
    for (std::size_t c = 0; c < usual.size(); ++c) {
      if (plain->schema().columns[c].kind == ColumnKind::categorical) usual[c] = {0, 0};
    }
    usual[tcp] = usual[sf] = {1, 1};
    features = with_usual(*plain, usual);
  }
  Verdict explained(const ByHand::Function& attack, const std::vector<float>& row) const {
    const auto detector =
        detector_of(*features, std::make_shared<ByHand>(row.size(), attack), {"Benign", "DDoS"});
    std::vector<float> answer(2);
    detector->model().score({row.data(), 1, row.size()}, answer);
    Verdict verdict;
    const Score score = to_score(answer);
    judge(*detector, detector->file().threshold.value, score, {}, verdict);
    Record record;
    record.device = "camera-01";
    Explainer{}.look(*detector, record, {}, score, row, verdict);
    return verdict;
  }
  std::vector<float> row() const {
    std::vector<float> out(features->schema().width(), 5.0F);
    for (std::size_t c = 0; c < out.size(); ++c) {
      if (features->schema().columns[c].kind == ColumnKind::categorical) out[c] = 0;
    }
    out[tcp] = out[s0] = 1;
    return out;
  }
};

TEST(Explain, AModelWhosePartsAddUpToNothingIsAskedAgain) {
  const Small small;
  std::vector<float> row = small.row();
  row[small.bytes] = 5000;
  const Verdict verdict = small.explained(
      [&](std::span<const float> r) {
        return (r[small.bytes] > 10 ? 0.6F : 0.0F) + (r[small.s0] > 0.5F ? 0.25F : 0.0F);
      },
      row);
  ASSERT_EQ(verdict.why.reasons.size(), 2U);
  EXPECT_EQ(verdict.why.reasons[0].feature, "orig_bytes");
  EXPECT_NEAR(verdict.why.reasons[0].weight, 0.6, 1e-5);
  EXPECT_EQ(verdict.why.reasons[0].value, 5000);
  EXPECT_EQ(verdict.why.reasons[0].usual_high, 10);
  EXPECT_EQ(verdict.why.reasons[1].feature, "conn_state=S0");
  EXPECT_NEAR(verdict.why.reasons[1].weight, 0.25, 1e-5);
  EXPECT_EQ(verdict.why.usual_of, UsualOf::training);
  EXPECT_EQ(verdict.why.sentence,
            "camera-01 sent 5 kB of payload (usual in training: 0 to 10 bytes) and got no "
            "answer from its destination (usual in training: never); looks like DDoS.");
  ASSERT_EQ(verdict.why.changes.size(), 1U);
  EXPECT_EQ(verdict.why.changes[0].feature, "orig_bytes");
  EXPECT_EQ(verdict.why.changes[0].to, 10);  // the nearest usual value
  EXPECT_NEAR(verdict.why.changed_score, 0.25, 1e-5);
}

TEST(Explain, WhereNoColumnAloneMattersTheModelsOwnPartsStand) {
  const Small small;
  std::vector<float> row = small.row();
  row[small.bytes] = row[small.pkts] = 99;
  const Verdict verdict = small.explained(
      [&](std::span<const float> r) {
        return r[small.bytes] > 10 || r[small.pkts] > 10 ? 0.9F : 0.1F;
      },
      row);
  ASSERT_EQ(verdict.why.reasons.size(), 1U);
  EXPECT_EQ(verdict.why.reasons[0].weight, 1);
}

TEST(Explain, TheSmallestChangeBringsTheScoreBelowTheThreshold) {
  const Small small;
  std::vector<float> row = small.row();
  row[small.bytes] = 5000;
  row[small.pkts] = 400;
  const auto sum = [&](std::span<const float> r, float each) {
    return (r[small.bytes] > 10 ? each : 0) + (r[small.pkts] > 10 ? each : 0) +
           (r[small.s0] > 0.5F ? each : 0);
  };
  struct Fact {
    float each;
    std::size_t changes;
    float then;
  };
  // Three things wrong; the threshold is 0.5.
  for (const Fact& fact : {Fact{0.2F, 1, 0.4F}, Fact{0.3F, 2, 0.3F}, Fact{0.33F, 2, 0.33F}}) {
    const Verdict verdict =
        small.explained([&](std::span<const float> r) { return sum(r, fact.each); }, row);
    ASSERT_TRUE(verdict.anomalous);
    EXPECT_EQ(verdict.why.changes.size(), fact.changes) << fact.each;
    EXPECT_NEAR(verdict.why.changed_score, fact.then, 1e-5) << fact.each;
    // Applied by hand: a category takes the new choice and leaves the old one.
    std::vector<float> changed = row;
    for (const Change& change : verdict.why.changes) {
      const std::size_t at = column(*small.features, change.feature);
      EXPECT_EQ(change.from, row[at]);
      if (at == small.sf) changed[small.s0] = 0;
      changed[at] = change.to;
    }
    EXPECT_NEAR(sum(changed, fact.each), verdict.why.changed_score, 1e-6) << fact.each;
  }
  // All that begins with orig_ is wrong together, and one by one does not help.
  std::vector<float> loud = row;
  for (std::size_t c = 0; c < loud.size(); ++c) {
    if (small.features->schema().columns[c].name.starts_with("orig_")) loud[c] = 700;
  }
  const std::size_t ip_bytes = column(*small.features, "orig_ip_bytes");
  const Verdict together = small.explained(
      [&](std::span<const float> r) {
        return r[small.bytes] > 10 || r[small.pkts] > 10 || r[ip_bytes] > 10 ? 0.9F : 0.1F;
      },
      loud);
  ASSERT_EQ(together.why.changes.size(), 1U);
  EXPECT_EQ(together.why.changes[0].feature, "orig_*");
  EXPECT_EQ(together.why.changes[0].from, 700);
  EXPECT_EQ(together.why.changes[0].to, 10);
  EXPECT_NEAR(together.why.changed_score, 0.1, 1e-6);
  const Verdict hopeless =
      small.explained([](std::span<const float>) { return 0.9F; }, small.row());
  EXPECT_TRUE(hopeless.why.changes.empty());
  EXPECT_EQ(hopeless.why.changed_score, 0);
}

// ---- which are explained in full -------------------------------------------------------------

TEST(FullExplanations, TheFirstOfAMinuteAndEveryNewPeak) {
  struct Step {
    std::int64_t second;
    const char* device;
    const char* label;
    float score;
    bool full;
  };
  const Step steps[] = {
      {100, "a", "DDoS", 0.6F, true},  {101, "a", "DDoS", 0.6F, false},
      {102, "a", "DDoS", 0.7F, true},  {103, "a", "DDoS", 0.65F, false},
      {103, "a", "C&C", 0.6F, true},   {103, "b", "DDoS", 0.6F, true},
      {159, "a", "DDoS", 0.7F, false}, {160, "a", "DDoS", 0.6F, true},  // a minute is over
      {161, "a", "DDoS", 0.7F, true},  {150, "a", "DDoS", 0.6F, false},
      {99, "a", "DDoS", 0.6F, true},  // a clock that was set back
  };
  FullExplanations full;
  for (const Step& step : steps) {
    Record record;
    record.device = step.device;
    record.time = time_from_micros(step.second * 1'000'000);
    Verdict verdict;
    verdict.label = step.label;
    verdict.score = step.score;
    full.pay();
    EXPECT_EQ(full.take(record, verdict), step.full) << step.second << step.label << step.score;
  }
}

TEST(FullExplanations, NoStreamCanAskForMoreThanItsRecordsPay) {
  FullExplanations full;
  std::uint32_t taken = 0;
  Record record;
  Verdict verdict;
  constexpr std::uint32_t records = 100'000;
  for (std::uint32_t i = 0; i < records; ++i) {  // every record from a device of its own
    record.device = "device-" + std::to_string(i);
    full.pay();
    taken += full.take(record, verdict) ? 1 : 0;
  }
  const std::uint32_t bound =
      FullExplanations::saved_max + records / FullExplanations::records_each;
  EXPECT_LE(taken, bound);
  EXPECT_GE(taken, bound - 1);
  // One device whose score rises all the time.
  FullExplanations rising;
  taken = 0;
  record.device = "one";
  for (int i = 0; i < 1000; ++i) {
    verdict.score = static_cast<float>(i) / 1000;
    rising.pay();
    taken += rising.take(record, verdict) ? 1 : 0;
  }
  EXPECT_EQ(taken, FullExplanations::per_minute);
}

// ---- what is usual for a device --------------------------------------------------------------

TEST(DeviceRanges, KnowADeviceAfterSomeRowsAndForgetWhatIsLongAgo) {
  DeviceRanges ranges;
  ranges.fit(1, 2);
  Record record;
  record.device = "camera-01";
  std::vector<UsualRange> usual;
  const auto learn = [&](float x) { ranges.learn(record, std::vector<float>{x, -x}); };
  learn(100);
  for (std::uint32_t i = 2; i < DeviceRanges::known_rows; ++i) learn(1);
  EXPECT_FALSE(ranges.usual("camera-01", usual));
  learn(3);
  ASSERT_TRUE(ranges.usual("camera-01", usual));
  ASSERT_EQ(usual.size(), 2U);
  EXPECT_EQ(usual[0].low, 1);
  EXPECT_EQ(usual[0].high, 100);
  EXPECT_EQ(usual[1].low, -100);
  EXPECT_EQ(usual[1].high, -1);
  EXPECT_FALSE(ranges.usual("camera-02", usual));
  for (std::uint32_t i = 0; i < DeviceRanges::epoch; ++i) learn(2);
  ASSERT_TRUE(ranges.usual("camera-01", usual));
  EXPECT_EQ(usual[0].high, 100);  // still in the epoch before
  for (std::uint32_t i = 0; i < DeviceRanges::epoch; ++i) learn(2);
  ASSERT_TRUE(ranges.usual("camera-01", usual));
  EXPECT_EQ(usual[0].low, 2);
  EXPECT_EQ(usual[0].high, 2);
  // Only rows whose key says so are learned from.
  record.key.hash = 1;
  for (std::uint32_t i = 0; i < DeviceRanges::epoch; ++i) learn(50);
  ASSERT_TRUE(ranges.usual("camera-01", usual));
  EXPECT_EQ(usual[0].high, 2);
  ranges.fit(1, 2);
  EXPECT_TRUE(ranges.usual("camera-01", usual));
  ranges.fit(2, 2);  // another model's columns
  EXPECT_FALSE(ranges.usual("camera-01", usual));
}

TEST(DeviceRanges, LearnNothingRightAfterAnAnomaly) {
  DeviceRanges ranges;
  ranges.fit(1, 1);
  Record record;
  record.device = "camera-01";
  std::vector<UsualRange> usual;
  const auto at = [&](int seconds) {
    record.time = time_from_micros(1'700'000'000'000'000 + std::int64_t{seconds} * 1'000'000);
  };
  const auto learn = [&](int seconds, float x) {
    at(seconds);
    ranges.learn(record, std::vector<float>{x});
  };
  for (int i = 0; i < 20; ++i) learn(i, 1);
  at(20);
  ranges.disturb(record);
  learn(21, 9);
  learn(79, 9);
  learn(-30, 8);  // late, and near it
  ASSERT_TRUE(ranges.usual("camera-01", usual));
  EXPECT_EQ(usual[0].high, 1);
  learn(80, 2);
  ASSERT_TRUE(ranges.usual("camera-01", usual));
  EXPECT_EQ(usual[0].high, 2);
  // One record of a wrong clock does not stop it from learning for years.
  at(100'000'000);
  ranges.disturb(record);
  learn(81, 3);
  ASSERT_TRUE(ranges.usual("camera-01", usual));
  EXPECT_EQ(usual[0].high, 3);
}

// ---- readings like it ------------------------------------------------------------------------

TEST(PastReadings, TheNearestOfOtherTimesAndDevices) {
  PastReadings past;
  Record record;
  std::vector<Similar> found;
  const auto add = [&](const char* device, int minute, const char* series, float level) {
    record.device = device;
    record.time = time_from_micros(1'700'000'000'000'000 + std::int64_t{minute} * 60'000'000);
    record.key.hash = static_cast<std::uint64_t>(minute);
    past.add(record, series, "level", std::vector<float>{level, 0});
  };
  add("pump-01", 0, "heat", 40);
  add("pump-02", 1, "heat", 100);
  add("pump-03", 2, "pressure", 50);
  add("pump-01", 55, "heat", 50);  // of the same trouble
  add("pump-04", 56, "heat", 50);
  add("pump-05", 57, "heat", 50);
  record.device = "pump-01";
  record.time = time_from_micros(1'700'000'000'000'000 + std::int64_t{60} * 60'000'000);
  past.nearest(record, "heat", std::vector<float>{50, 0}, 3, found);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].device, "pump-05");  // the latest of equals
  EXPECT_EQ(found[0].distance, 0);
  EXPECT_EQ(found[1].device, "pump-04");
  EXPECT_EQ(found[2].device, "pump-01");
  EXPECT_EQ(found[2].key.hash, 0U);
  EXPECT_EQ(found[2].label, "level");
  EXPECT_EQ(found[2].capture, "");
  EXPECT_NEAR(found[2].distance, 0.055, 0.005);  // 1 - ln 41 / ln 51
  // Bounded: the oldest leave.
  for (std::size_t i = 0; i < PastReadings::kept_max; ++i) add("lamp", 500, "light", 9);
  past.nearest(record, "heat", std::vector<float>{50, 0}, 3, found);
  EXPECT_TRUE(found.empty());
}

struct Number {
  int value = 0;
  void clear() { value = 0; }
};

TEST(RecentTable, TheLeastRecentlyUsedOfASetLeaves) {
  RecentTable<Number> table(16);  // two sets: even and odd hashes
  EXPECT_EQ(table.find(2), nullptr);
  for (std::uint64_t hash = 0; hash < 16; ++hash) table.of(hash).value = static_cast<int>(hash) + 1;
  table.of(0);
  EXPECT_EQ(table.evicted(), 0U);
  EXPECT_EQ(table.of(16).value, 0);  // fresh; 2 was used least recently among the even
  EXPECT_EQ(table.find(2), nullptr);
  ASSERT_NE(table.find(0), nullptr);
  EXPECT_EQ(table.find(0)->value, 1);
  ASSERT_NE(table.find(3), nullptr);
  EXPECT_EQ(table.find(3)->value, 4);
  EXPECT_EQ(table.evicted(), 1U);
  table.clear();
  EXPECT_EQ(table.find(0), nullptr);
}

// ---- the line ---------------------------------------------------------------------------------

void make_flow(Random& random, bool scan, std::int64_t micros, Record& record) {
  record.clear();
  record.device = record.flow.orig_h = "camera-01";
  record.time = time_from_micros(micros);
  Flow& flow = record.flow;
  flow.orig_p = 40'000;
  flow.proto = Proto::tcp;
  flow.resp_p = scan ? 23 : 443;
  flow.resp_h = scan ? "198.51.100." + std::to_string(random.below(250))
                     : "203.0.113." + std::to_string(random.below(2));
  flow.conn_state = scan ? ConnState::S0 : ConnState::SF;
  flow.duration = scan ? not_set : random.uniform(0.1, 3);
  flow.orig_pkts = scan ? 1 : static_cast<double>(3 + random.below(10));
  flow.orig_ip_bytes = 40 * flow.orig_pkts;
  flow.resp_pkts = scan ? 0 : flow.orig_pkts;
  flow.resp_ip_bytes = 60 * flow.resp_pkts;
  record.seal();
}

/// 400 calm connections, one every 5 s, then a scan of 200 in 10 s.
std::vector<Record> make_story(std::uint64_t seed) {
  Random random(seed);
  std::vector<Record> story(600);
  std::int64_t micros = 1'700'000'000'000'000;
  for (std::size_t i = 0; i < story.size(); ++i) {
    micros += i < 400 ? 5'000'000 : 50'000;
    make_flow(random, i >= 400, micros, story[i]);
  }
  return story;
}

constexpr const char* scan_label = "PartOfAHorizontalPortScan";

/// A forest on the windows of one story, with every tenth row as an exemplar.
std::shared_ptr<const Detector> make_scan_detector() {
  const std::vector<Record> story = make_story(1);
  auto builder = make_flow_features("windows");
  EXPECT_TRUE(builder);
  const auto plain = (*builder)->build();
  const std::size_t width = plain->schema().width();
  std::vector<float> values(story.size() * width);
  std::vector<std::uint16_t> labels;
  std::vector<Similar> about;
  std::vector<float> kept;
  DeviceWindows windows;
  std::vector<UsualRange> usual(
      width, {std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()});
  for (std::size_t i = 0; i < story.size(); ++i) {
    const std::span<float> row{values.data() + i * width, width};
    plain->apply(story[i], windows, row);
    labels.push_back(i < 400 ? 0 : 1);
    for (std::size_t c = 0; i < 400 && c < width; ++c) {
      usual[c] = {std::min(usual[c].low, row[c]), std::max(usual[c].high, row[c])};
    }
    if (i % 10 != 0) continue;
    about.push_back({story[i].key, "camera-01", "story", i < 400 ? "Benign" : scan_label, 0});
    kept.insert(kept.end(), row.begin(), row.end());
  }
  TrainingSet set;
  set.rows = {values.data(), story.size(), width};
  set.labels = labels;
  set.classes = {"Benign", scan_label};
  set.schema = plain->schema();
  FitOptions options;
  options.values = {{"trees", "30"}};
  auto model = forest_kind.fit(set, options);
  EXPECT_TRUE(model);
  return detector_of(*with_usual(*plain, usual), std::move(*model), set.classes,
                     Exemplars(width, about, kept));
}

std::vector<Verdict> judged(const std::shared_ptr<const Detector>& detector,
                            const std::vector<Record>& story, std::size_t batch_size) {
  DetectorSet detectors;
  detectors.active[0] = detector;
  Judging judging;
  Batch batch(batch_size);
  std::vector<Verdict> out;
  for (std::size_t from = 0; from < story.size(); from += batch_size) {
    batch.reset();
    for (std::size_t i = from; i < std::min(story.size(), from + batch_size); ++i) {
      batch.add().record = story[i];
    }
    judging.judge(batch, detectors);
    for (const Judged& one : batch) out.push_back(one.verdict);
  }
  return out;
}

TEST(Explain, AScanInTheLine) {
  const auto detector = make_scan_detector();
  const std::vector<Record> story = make_story(2);
  const std::vector<Verdict> verdicts = judged(detector, story, 64);
  std::size_t anomalies = 0, full = 0;
  float peak = 0;
  for (std::size_t i = 0; i < story.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    const Explanation& why = verdict.why;
    if (!verdict.anomalous) {
      EXPECT_TRUE(why.sentence.empty() && why.reasons.empty() && why.similar.empty()) << i;
      continue;
    }
    ++anomalies;
    EXPECT_TRUE(why.sentence.starts_with("camera-01 ")) << why.sentence;
    EXPECT_TRUE(why.sentence.ends_with("looks like PartOfAHorizontalPortScan.")) << why.sentence;
    EXPECT_EQ(why.sentence.find_first_of("\n_="), std::string::npos) << why.sentence;
    EXPECT_EQ(why.usual_of, UsualOf::device) << i;
    ASSERT_FALSE(why.reasons.empty()) << i;
    for (std::size_t r = 1; r < why.reasons.size(); ++r) {
      EXPECT_GE(why.reasons[r - 1].weight, why.reasons[r].weight);
    }
    const bool first_or_peak = verdict.score > peak;
    peak = std::max(peak, verdict.score);
    EXPECT_EQ(why.similar.size(), first_or_peak ? 3U : 0U) << i;
    EXPECT_EQ(why.reasons[0].text.empty(), !first_or_peak) << i;
    full += first_or_peak ? 1 : 0;
    if (!why.changes.empty()) {
      EXPECT_LT(why.changed_score, verdict.threshold);
    }
  }
  EXPECT_GT(anomalies, 190U);
  EXPECT_GE(full, 1U);
  const auto highest =
      std::max_element(verdicts.begin(), verdicts.end(),
                       [](const Verdict& a, const Verdict& b) { return a.score < b.score; });
  for (const Similar& one : highest->why.similar) EXPECT_EQ(one.label, scan_label);
}

std::string told(const Verdict& verdict) {
  std::string out = verdict.label + std::to_string(verdict.score);
  append_explanation_fields(out, verdict.why);
  return out;
}

TEST(Explain, BatchesDoNotMatter) {
  const auto detector = make_scan_detector();
  const std::vector<Record> story = make_story(3);
  const std::vector<Verdict> whole = judged(detector, story, story.size());
  for (const std::size_t size : {1U, 7U, 64U}) {
    const std::vector<Verdict> parts = judged(detector, story, size);
    ASSERT_EQ(parts.size(), whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      ASSERT_EQ(told(parts[i]), told(whole[i])) << i << " in batches of " << size;
    }
  }
}

/// A thermostat that reports Celsius, and Fahrenheit for ten readings, three times.
std::vector<Record> make_readings() {
  Random random(9);
  std::vector<Record> out(1500);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Record& record = out[i];
    record.kind = RecordKind::reading;
    record.device = "thermostat-02";
    record.time =
        time_from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(i) * 5'000'000);
    const double celsius = 20 + random.normal(0, 0.1);
    const bool wrong = i % 500 >= 300 && i % 500 < 310;
    record.reading.add("humidity", 40 + random.normal(0, 0.3));
    record.reading.add("temperature", wrong ? 32 + 1.8 * celsius : celsius);
    record.seal();
  }
  return out;
}

TEST(Explain, AReadingIsToldInItsOwnTerms) {
  const auto features = make_series_features();
  TrainingSet none;
  none.schema = features->schema();
  none.rows = {nullptr, 0, none.schema.width()};
  auto model = series_kind.fit(none, {});
  ASSERT_TRUE(model);
  std::vector<std::string> classes{"Benign"};
  for (const Column& column : none.schema.columns) classes.push_back(column.name);
  const auto detector = detector_of(*features, std::move(*model), classes);
  DetectorSet detectors;
  detectors.active[static_cast<std::size_t>(RecordKind::reading)] = detector;
  Judging judging;
  const std::vector<Record> readings = make_readings();
  Batch batch(readings.size());
  for (const Record& record : readings) batch.add().record = record;
  judging.judge(batch, detectors);
  for (const std::size_t at : {300U, 800U, 1300U}) {
    const Verdict& verdict = batch[at].verdict;
    ASSERT_TRUE(verdict.anomalous) << at;
    const Explanation& why = verdict.why;
    EXPECT_EQ(why.usual_of, UsualOf::device);
    ASSERT_FALSE(why.reasons.empty());
    const Reason& reason = why.reasons.front();
    EXPECT_TRUE(reason.feature.starts_with("temperature ")) << reason.feature;
    EXPECT_EQ(why.sentence.find("deviation"), std::string::npos) << why.sentence;
    EXPECT_TRUE(why.sentence.starts_with("thermostat-02 moved temperature at once to 6") ||
                why.sentence.starts_with("thermostat-02 reported temperature 6"))
        << why.sentence;
    EXPECT_GT(reason.value, reason.usual_high);
    EXPECT_LT(reason.usual_high, 30);
    EXPECT_FALSE(reason.value_text.empty() || reason.usual_text.empty());
    ASSERT_FALSE(why.changes.empty());
    EXPECT_LT(why.changed_score, verdict.threshold);
    for (const Change& change : why.changes) {
      EXPECT_TRUE(change.feature.starts_with("temperature ")) << change.feature;
      EXPECT_NE(change.text.find(" instead of "), std::string::npos) << change.text;
      EXPECT_LT(change.to, change.from);
    }
    // The earlier times, of the same device an hour ago: nothing at first.
    EXPECT_EQ(why.similar.empty(), at == 300) << at;
    for (const Similar& one : why.similar) EXPECT_EQ(one.device, "thermostat-02");
  }
}

TEST(Detector, ExemplarsOfOtherColumnsAreRefused) {
  const auto features = columns24();
  ByteWriter bytes, exemplars;
  features->save(bytes);
  Exemplars(2, {Similar{}}, {1, 2}).save(exemplars);
  ModelFile file;
  file.classes = {"Benign", "DDoS"};
  file.schema = features->schema();
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  file.exemplars.assign(exemplars.bytes().begin(), exemplars.bytes().end());
  file.model = std::make_shared<ByHand>(24, [](std::span<const float>) { return 0.0F; });
  const auto made = Detector::make(std::move(file));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::mismatch);
}

}  // namespace
}  // namespace vedette

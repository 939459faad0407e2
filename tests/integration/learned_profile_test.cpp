// A profile learned from one half of a capture is walked, and what comes is held against the other
// half: distances per column, and a forest that tries to tell them apart. Beside it, as measures of
// what can be reached at all: the two halves of the capture against each other, and what the
// built-in simulator says of devices of its own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "codec/codec_test_support.hpp"
#include "fleet/fleet.hpp"
#include "fleet/learned.hpp"
#include "tests/integration/likeness.hpp"

namespace vedette::test {
namespace {

std::filesystem::path capture_folder() {
  const char* const named = std::getenv("VEDETTE_DATA");
  return std::filesystem::path(named != nullptr ? named : VEDETTE_SOURCE_DIR "/../shared/data") /
         "iot23";
}

/// The flows of one label in order of time.
Stream read_capture(const std::filesystem::path& path, std::string_view label) {
  const auto file = MappedFile::open(path);
  EXPECT_TRUE(file) << path;
  Stream stream;
  if (!file) return stream;
  const auto decoder = make_zeek_log_decoder();
  for (auto& line : testing_support::feed_all(*decoder, file->text())) {
    if (line.is_record && line.truth.label == label) stream.push_back({line.record, line.truth});
  }
  std::stable_sort(stream.begin(), stream.end(),
                   [](const auto& a, const auto& b) { return a.record.time < b.record.time; });
  return stream;
}

struct Halves {
  Stream learned, held_out;
};

Halves by_time(const Stream& stream) {
  const auto middle = stream.begin() + static_cast<std::ptrdiff_t>(stream.size() / 2);
  return {{stream.begin(), middle}, {middle, stream.end()}};
}

/// Turns of 32 flows; the time of the turns in between is cut out, so that the time between two
/// flows is one that was between two flows.
Halves by_turns(const Stream& stream) {
  Halves halves;
  Duration cut[2]{};
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const bool odd = i / 32 % 2 == 1;
    if (i % 32 == 0 && i > 0) {
      const std::size_t begin = i - 32;  // of the turn of the other half that has just ended
      cut[odd ? 1 : 0] += stream[i].record.time - stream[begin].record.time;
    }
    Stream& half = odd ? halves.held_out : halves.learned;
    half.push_back(stream[i]);
    half.back().record.time -= cut[odd ? 1 : 0];
  }
  return halves;
}

LearnedProfile learn(const Stream& stream, std::string label) {
  ProfileLearner learner({.label = std::move(label)});
  for (const LabelledRecord& said : stream) learner.add(said.record, said.truth);
  auto profile = learner.finish();
  expects(profile.ok(), "the stream can be learned from");
  return *profile;
}

/// One device walks the profile.
Stream walk(const LearnedProfile& profile, std::size_t flows, Time start, std::uint64_t seed) {
  Stream stream(flows);
  Random random{seed};
  LearnedProfile::Walk place;
  for (LabelledRecord& said : stream) {
    said.record.time = start;
    said.record.flow.orig_h = "10.0.0.1";
    const auto step = profile.next(said.record.flow, random, place, start);
    said.truth.label = step.label;
    start += step.until_next;
  }
  return stream;
}

/// What the devices of a built-in profile say, one device after the other as far as needed.
Stream built_in(std::string_view profile, std::size_t flows) {
  FleetPlan plan;
  plan.devices = 120;
  plan.episode_every = Duration{0};
  plan.start = time_from_seconds(1.6e9);
  FleetSimulator fleet(plan);
  Stream stream;
  for (Simulated said; stream.size() < flows;) {
    fleet.next(said);
    if (said.record.kind == RecordKind::flow && said.record.device.starts_with(profile)) {
      stream.push_back({said.record, said.truth});
    }
  }
  return stream;
}

void print(const Distances& simulated, const Distances& control) {
  for (std::size_t i = 0; i < simulated.size(); ++i) {
    fmt::print("    {:<14} {:>7.3f} {:>7.3f}\n", simulated[i].first, simulated[i].second,
               control[i].second);
  }
}

struct Bounds {
  double auc = 0.75;       ///< the goal
  double distance = 0.15;  ///< of any column
};
/// Between the halves in time a capture's own drift comes in: only gross mistakes are caught here.
constexpr Bounds drifting{.auc = 0.9, .distance = 0.45};

void expect_like(const Halves& halves, const std::string& label, const Bounds& bounds) {
  const LearnedProfile profile = learn(halves.learned, label);
  const Stream simulated =
      walk(profile, halves.held_out.size(), halves.held_out.front().record.time, 7);
  const Distances from = distances(simulated, halves.held_out);
  fmt::print("    {:<14} {:>7} {:>7}\n", "", "learned", "halves");
  print(from, distances(halves.learned, halves.held_out));
  for (const auto& [column, distance] : from) EXPECT_LE(distance, bounds.distance) << column;
  const double told_apart = forest_auc(halves.held_out, simulated);
  fmt::print("    {:<14} {:>7.3f} {:>7.3f}\n", "AUC", told_apart,
             forest_auc(halves.held_out, halves.learned));
  EXPECT_LE(told_apart, bounds.auc);
  for (const bool durations : {false, true}) {
    fmt::print("    {:<14} {:>6.1f}% {:>6.1f}%\n", durations ? "copies" : "sizes copied",
               100 * copied_share(halves.learned, simulated, durations),
               100 * copied_share(halves.learned, halves.held_out, durations));
  }
}

struct Capture {
  const char* file;
  const char* label;
  const char* name;
};

class LikeACapture : public testing::TestWithParam<Capture> {};

TEST_P(LikeACapture, AsAForestSeesIt) {
  const Capture& capture = GetParam();
  const std::filesystem::path path = capture_folder() / capture.file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  const Stream stream = read_capture(path, capture.label);
  fmt::print("  {} {}: {} flows, learned from turns of 32\n", capture.file, capture.label,
             stream.size());
  expect_like(by_turns(stream), capture.label, Bounds{});
  fmt::print("  the same, learned from the first half\n");
  expect_like(by_time(stream), capture.label, drifting);
  if (capture.label != benign_label) return;
  const Stream real = by_turns(stream).held_out;
  for (const char* profile : {"camera", "hub"}) {
    fmt::print("    AUC of the built-in {}: {:.3f}\n", profile,
               forest_auc(real, built_in(profile, real.size())));
  }
}

TEST(LikeTheSimulator, AStreamMadeHere) {
  // Needs no capture: a built-in camera stands for the real device.
  fmt::print("  the built-in camera, learned from turns of 32\n");
  Stream stream = built_in("camera", 24'000);
  const std::string device = stream.front().record.device;
  std::erase_if(stream, [&](const auto& said) { return said.record.device != device; });
  // Its sizes hardly ever repeat, which is harder than a real capture: most are mixed.
  expect_like(by_turns(stream), std::string(benign_label), {.auc = 0.8, .distance = 0.2});
}

TEST(Auc, IsTheShareOfPairsWonTiesCountingHalf) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random{seed};
    std::vector<float> scores;
    std::vector<std::uint16_t> labels;
    for (std::uint16_t i = 0; i < 60; ++i) {
      scores.push_back(static_cast<float>(random.below(12)));
      labels.push_back(i < 2 ? i : static_cast<std::uint16_t>(random.below(2)));
    }
    double wins = 0;
    double pairs = 0;
    for (std::size_t a = 0; a < scores.size(); ++a) {
      for (std::size_t b = 0; b < scores.size(); ++b) {
        if (labels[a] != 0 || labels[b] != 1) continue;
        wins += scores[b] > scores[a] ? 1.0 : scores[b] == scores[a] ? 0.5 : 0.0;
        ++pairs;
      }
    }
    EXPECT_NEAR(auc(scores, labels), wins / pairs, 1e-12);
  }
}

TEST(Distances, OfKnownSamples) {
  const std::vector<double> low{1, 2, 3, 4};
  EXPECT_EQ(ks_distance(low, low), 0);
  EXPECT_EQ(ks_distance(low, {5, 6}), 1);
  EXPECT_EQ(ks_distance(low, {3, 4, 5, 6}), 0.5);
  EXPECT_EQ(ks_distance(low, {not_set, 1, 2, 3}), 0.25);
  EXPECT_EQ(tv_distance({"a", "a", "b", "c"}, {"a", "b", "b", "d"}), 0.5);
}

TEST(ForestAuc, FindsAShiftAndNothingElse) {
  const Stream stream = built_in("thermostat", 1200);
  const auto middle = stream.begin() + 600;
  const Stream first(stream.begin(), middle);
  Stream second(middle, stream.end());
  EXPECT_LT(forest_auc(first, second), 0.6);
  for (LabelledRecord& said : second) said.record.flow.orig_ip_bytes *= 1.5;
  EXPECT_GT(forest_auc(first, second), 0.8);
}

INSTANTIATE_TEST_SUITE_P(
    Iot23, LikeACapture,
    testing::Values(Capture{"CTU-Honeypot-Capture-4-1.conn.log.labeled", "Benign", "Hue"},
                    Capture{"CTU-Honeypot-Capture-5-1.conn.log.labeled", "Benign", "Echo"},
                    Capture{"CTU-IoT-Malware-Capture-34-1.conn.log.labeled", "Benign", "Benign34"},
                    Capture{"CTU-IoT-Malware-Capture-34-1.conn.log.labeled", "DDoS", "DDoS34"},
                    Capture{"CTU-IoT-Malware-Capture-42-1.conn.log.labeled", "Benign", "Benign42"}),
    [](const auto& capture) { return std::string(capture.param.name); });

}  // namespace
}  // namespace vedette::test

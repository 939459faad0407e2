// Files of every format: what is in them, what lies beside them, and that they are whole or absent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>

#include "app/simulate_targets.hpp"
#include "app/simulate_test_support.hpp"
#include "codec/codec.hpp"
#include "train/train.hpp"

namespace vedette {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

struct Format {
  const char* name;
  bool readings;       ///< holds them
  bool names_device;   ///< else it is id.orig_h
  bool labels_beside;  ///< else inside
};
constexpr Format formats[] = {
    {"records.jsonl", true, true, true},        {"flows.log", false, false, true},
    {"flows.json", false, false, true},         {"flows.csv", false, false, true},
    {"flows.log.labeled", false, false, false},
};

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

TEST_F(SimulateFiles, EveryFormatReadsBackWithTheTruthOfEachRecord) {
  for (const Format& format : formats) {
    options_.to = file(format.name);
    const Result<SimulateReport> report = run(options_, broker_);
    ASSERT_TRUE(report.ok()) << report.error().message;
    const std::vector<LabelledRecord> found = read_all(options_.to);
    std::size_t at = 0;
    watch_fleet([&](const Simulated& said) {
      if (!format.readings && said.record.kind == RecordKind::reading) return;
      ASSERT_LT(at, found.size()) << format.name;
      Record expected = said.record;
      if (!format.names_device) expected.device = expected.flow.orig_h;
      expected.seal();
      const LabelledRecord& read = found[at++];
      ASSERT_EQ(read.record.key, expected.key) << format.name << " record " << at;
      ASSERT_EQ(read.record.flow.history, expected.flow.history);
      ASSERT_EQ(read.truth.label, said.truth.label) << format.name << " record " << at;
    });
    EXPECT_EQ(at, found.size()) << format.name;
    EXPECT_EQ(report->sent, found.size());
    EXPECT_EQ(report->skipped, 0U) << "a file of flows asks the fleet for flows alone";
    EXPECT_GT(found.size(), 100U);
  }
}

TEST_F(SimulateFiles, LabelsStandBesideInTheSameOrderAndNeverInside) {
  for (const Format& format : formats) {
    options_.to = file(format.name);
    ASSERT_TRUE(run(options_, broker_));
    const std::filesystem::path beside = labels_beside(options_.to);
    EXPECT_EQ(std::filesystem::exists(beside), format.labels_beside) << beside;
    if (!format.labels_beside) continue;
    const std::string text = content(options_.to);
    EXPECT_EQ(text.find("Benign"), std::string::npos) << format.name;
    EXPECT_EQ(text.find("label"), std::string::npos) << format.name;
    const auto labels = lines_of(content(beside));
    const auto records = read_all(options_.to);
    ASSERT_EQ(labels.size(), records.size()) << format.name;
    std::size_t episodes = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      TruthNote note;
      ASSERT_TRUE(read_truth_line(labels[i], note)) << labels[i];
      ASSERT_EQ(note.key, records[i].record.key) << format.name << " line " << i + 1;
      ASSERT_EQ(note.label, records[i].truth.label);
      ASSERT_EQ(note.episode > 0, note.label != benign_label) << labels[i];
      if (note.episode > 0) ++episodes;
    }
    EXPECT_GT(episodes, 0U) << "nothing happened in these ten minutes";
  }
}

TEST_F(SimulateFiles, PrepareCountsTheLabelsThatSimulateReported) {
  const SystemClock clock;
  for (const Format& format : formats) {
    options_.to = file(format.name);
    const Result<SimulateReport> report = run(options_, broker_);
    ASSERT_TRUE(report.ok()) << report.error().message;
    auto ingest = open_file(options_.to, "", clock);
    ASSERT_TRUE(ingest) << ingest.error().message;
    DatasetWriter writer;
    const auto prepared = writer.add_capture(format.name, **ingest, {}, nullptr);
    ASSERT_TRUE(prepared) << prepared.error().message;
    EXPECT_EQ(prepared->records, report->sent) << format.name;
    EXPECT_EQ(prepared->unlabelled, 0U) << format.name;
    const std::map<std::string, std::uint64_t> counted{prepared->labels.begin(),
                                                       prepared->labels.end()};
    EXPECT_EQ(counted, report->labels) << format.name;
    EXPECT_GT(counted.size(), 1U);
  }
}

TEST_F(SimulateFiles, TheSameSeedGivesTheSameBytesWhenever) {
  options_.fleet.start = Time{};
  for (const Format& format : formats) {
    std::vector<std::string> texts;
    for (const int turn : {0, 1, 2}) {
      const auto folder = file(std::to_string(turn));
      std::filesystem::create_directories(folder);
      options_.to = folder / format.name;
      options_.fleet.seed = turn == 2 ? 8 : 7;
      const Result<SimulateReport> report = run(options_, broker_, test_start + seconds{turn});
      ASSERT_TRUE(report.ok()) << report.error().message;
      texts.push_back(content(options_.to) + content(labels_beside(options_.to)));
    }
    EXPECT_TRUE(texts[0] == texts[1]) << format.name;
    EXPECT_FALSE(texts[0] == texts[2]) << format.name;
    const auto records = read_all(options_.to);
    EXPECT_GE(records.front().record.time, SimulateOptions::files_start);
    EXPECT_LT(records.front().record.time, SimulateOptions::files_start + seconds{60});
  }
  EXPECT_EQ(to_rfc3339(SimulateOptions::files_start), "2026-01-05T08:00:00.000000Z");
}

TEST_F(SimulateFiles, MessagesThatAreNoRecordsHaveNoPlaceInFiles) {
  for (const Format& format : formats) {
    options_.to = file(format.name);
    const auto target = open_target(options_, {}, {});
    ASSERT_TRUE(target) << target.error().message;
    Simulated said;
    said.topic = "iot/admin/config";
    said.payload = "{";
    const auto put = (*target)->put(said, {});
    ASSERT_TRUE(put);
    EXPECT_EQ(*put, SimulateTarget::Put::no_place) << format.name;
  }
}

TEST_F(SimulateFiles, AStoppedFileIsNotWritten) {
  options_.to = file("flows.log");
  broker_.stop.request_stop();
  const Result<SimulateReport> report = run(options_, broker_);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::cancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

/// Files of this process may not grow beyond `bytes` while it lives.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(SimulateFiles, AFullDiskIsOneSentenceAndNoHalfFile) {
  options_.fleet.pace = 50;
  for (const Format& format : formats) {
    options_.to = file(format.name);
    const Result<SimulateReport> report = [&] {
      const SmallDisk disk{100'000};
      return run(options_, broker_);
    }();
    ASSERT_FALSE(report.ok()) << format.name;
    EXPECT_EQ(report.error().code, Errc::io);
    EXPECT_THAT(report.error().message, HasSubstr("File too large"));
    EXPECT_TRUE(report.error().message.starts_with(options_.to) ||
                report.error().message.starts_with(labels_beside(options_.to).string()))
        << report.error().message;
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << format.name;
  }
}

TEST_F(SimulateFiles, LabelsDoNotAppearWithoutTheirFile) {
  options_.to = file("flows.log");
  // Renaming onto a folder fails when all is written: the last thing that can.
  bool made = false;
  options_.between = [&](FleetSimulator&) {
    if (!std::exchange(made, true)) std::filesystem::create_directories(file("flows.log/inside"));
  };
  const Result<SimulateReport> report = run(options_, broker_);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("flows.log: Is a directory"));
  EXPECT_EQ(files_in(folder_.path()), 1U) << "the folder itself";
}

TEST_F(SimulateFiles, LabelsOfAnotherFileAreNotTaken) {
  options_.to = file("flows.log");
  ASSERT_TRUE(run(options_, broker_));
  options_.fleet.seed = 99;
  options_.to = file("other.log");
  ASSERT_TRUE(run(options_, broker_));
  std::filesystem::copy_file(file("other.labels.jsonl"), file("flows.labels.jsonl"),
                             std::filesystem::copy_options::overwrite_existing);
  const SystemClock clock;
  auto ingest = open_file(file("flows.log"), "", clock);
  ASSERT_TRUE(ingest);
  DatasetWriter writer;
  const auto prepared = writer.add_capture("flows", **ingest, {}, nullptr);
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, Errc::mismatch);
  EXPECT_THAT(prepared.error().message, HasSubstr("flows.labels.jsonl"));
}

}  // namespace
}  // namespace vedette

// Training, the line and a single call make the same rows: record for record, bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "codec/codec.hpp"
#include "fleet/fleet.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/judging.hpp"
#include "source/source.hpp"
#include "train/prepared.hpp"

namespace vedette::test {
namespace {

namespace fs = std::filesystem;

/// Answers nothing; keeps the rows that the line asked about.
class Listening final : public Model {
 public:
  Listening(std::size_t width, std::vector<float>& heard) : width_(width), heard_(heard) {}
  std::string_view kind() const override { return "listening"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return 2; }
  void score(Rows rows, std::span<float> out) const override {
    heard_.insert(heard_.end(), rows.data, rows.data + rows.count * rows.width);
    for (std::size_t i = 0; i < rows.count; ++i) {
      out[2 * i] = 1;
      out[2 * i + 1] = 0;
    }
  }
  void explain(std::span<const float>, std::uint16_t, std::span<float> out) const override {
    std::fill(out.begin(), out.end(), 0.0F);
  }
  std::string describe() const override { return "keeps what it hears"; }
  void save(ByteWriter&) const override {}

 private:
  std::size_t width_;
  std::vector<float>& heard_;
};

std::shared_ptr<const Detector> detector_of(const FeatureMap& features, std::vector<float>& heard) {
  ModelFile file;
  file.id = "listening-0";
  file.classes = {"Benign", "Malicious"};
  file.schema = features.schema();
  file.threshold.value = 0.5F;
  ByteWriter bytes;
  features.save(bytes);
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  file.model = std::make_shared<Listening>(features.schema().width(), heard);
  auto made = Detector::make(std::move(file));
  return made ? *made : nullptr;
}

/// The rows of the data set's only capture three ways: training, the line in batches of uneven
/// size, and one call after the other.
void expect_equal_rows(const DatasetWriter& writer) {
  const auto bytes = writer.encode();
  ASSERT_TRUE(bytes);
  const auto dataset = Dataset::decode(*bytes);
  ASSERT_TRUE(dataset);
  Split split;
  for (std::uint32_t i = 0; i < dataset->size(); ++i) split.train.push_back(i);
  TrainOptions options;
  options.columns = "windows";
  options.binary = true;
  const auto prepared = prepare_rows(*dataset, split, options, false);
  ASSERT_TRUE(prepared) << prepared.error().message;

  std::vector<std::uint32_t> order = split.train;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return dataset->time(a) < dataset->time(b);
  });
  std::vector<float> heard;
  DetectorSet detectors;
  detectors.active[0] = detector_of(*prepared->features, heard);
  ASSERT_NE(detectors.active[0], nullptr);
  Judging judging;
  for (std::size_t from = 0; from < order.size();) {
    const std::size_t count = std::min<std::size_t>(1 + from % 700, order.size() - from);
    Batch batch(count);
    for (std::size_t i = 0; i < count; ++i) dataset->read(order[from + i], batch.add().record);
    judging.judge(batch, detectors);
    from += count;
  }
  const std::size_t width = prepared->width();
  ASSERT_EQ(heard.size(), order.size() * width);
  DeviceWindows windows;
  Record record;
  std::vector<float> row(width);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto trained = prepared->train_rows()[order[k]];
    const std::vector<float> expected(trained.begin(), trained.end());
    const auto line = heard.begin() + static_cast<std::ptrdiff_t>(k * width);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), line)) << "record " << k;
    dataset->read(order[k], record);
    prepared->features->apply(record, windows, row);
    ASSERT_EQ(row, expected) << "record " << k;
  }
}

TEST(WindowsEquality, OfASimulatedStream) {
  FleetPlan plan;
  plan.seed = 5;
  plan.start = time_from_micros(1'767'571'200'000'000);
  plan.devices = 10;
  plan.kinds = {"horizontal_scan", "beacon", "udp_flood"};
  FleetSimulator fleet(plan);
  Simulated said;
  DatasetWriter writer;
  while (writer.size() < 20'000) {
    fleet.next(said);
    if (said.record.kind == RecordKind::flow && said.topic.empty()) {
      writer.add("fleet", said.record, said.truth);
    }
  }
  expect_equal_rows(writer);
}

struct StandingClock final : Clock {
  Time now() const override { return Time{}; }
};

TEST(WindowsEquality, OfARealCapture) {
  const char* named = std::getenv("VEDETTE_DATA");
  const fs::path folder = named != nullptr ? named : VEDETTE_SOURCE_DIR "/../shared/data";
  const fs::path path = folder / "iot23" / "CTU-IoT-Malware-Capture-34-1.conn.log.labeled";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path.string() << "; VEDETTE_DATA names the data";
  const StandingClock clock;
  auto source = open_file_source(path, clock);
  ASSERT_TRUE(source);
  Ingest ingest(std::move(*source), make_zeek_log_decoder());
  DatasetWriter writer;
  ASSERT_TRUE(writer.add_capture("34-1", ingest, {}, nullptr));
  EXPECT_EQ(writer.size(), 23'145U);
  expect_equal_rows(writer);
}

}  // namespace
}  // namespace vedette::test

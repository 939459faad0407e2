#include "ingest/labels_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/process.hpp"

namespace vedette {
namespace {

RecordKey key(std::int64_t number) {
  return {1'000 * number, static_cast<std::uint64_t>(number) * 77 + 1};
}

class LabelsFileTest : public testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "x.labels.jsonl").string(); }
  void write(std::string_view text) const { std::ofstream{path()} << text; }
  void write_notes(std::int64_t from, std::int64_t until) const {
    std::string text;
    for (std::int64_t i = from; i < until; ++i) append(text, i);
    write(text);
  }
  static void append(std::string& text, std::int64_t number) {
    TruthNote note;
    note.key = key(number);
    note.device = "cam";
    note.label = "L" + std::to_string(number);
    append_truth_line(text, note);
  }
  std::unique_ptr<LabelsFile> open() const {
    auto opened = LabelsFile::open(path());
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(opened).value();
  }
  /// The label found, "" for none.
  static std::string label(LabelsFile& file, std::int64_t number) {
    Truth truth;
    const Status joined = file.join(key(number), truth);
    EXPECT_TRUE(joined) << joined.error().message;
    return truth.label;
  }
  test::TemporaryDirectory folder_;
};

TEST_F(LabelsFileTest, FindsEachKeyInOrder) {
  write_notes(0, 10'000);
  const auto file = open();
  for (std::int64_t i = 0; i < 10'000; ++i) ASSERT_EQ(label(*file, i), "L" + std::to_string(i));
  EXPECT_TRUE(file->finish());
}

TEST_F(LabelsFileTest, RecordsAndLabelsMayBeMissing) {
  write_notes(20'000, 30'000);
  const auto file = open();
  EXPECT_EQ(label(*file, 5), "") << "a record before all labels";
  EXPECT_EQ(label(*file, 29'000), "L29000") << "nine thousand labels without a record";
  EXPECT_EQ(label(*file, 28'990), "L28990") << "a little out of order";
  EXPECT_EQ(label(*file, 28'990), "") << "each label is of one record";
  EXPECT_EQ(label(*file, 29'999), "L29999");
  EXPECT_EQ(label(*file, 40'000), "") << "behind all labels";
  EXPECT_TRUE(file->finish());
}

TEST_F(LabelsFileTest, OutOfOrderBehindAMissingRecordIsFound) {
  std::string text;
  for (const std::int64_t number : {5, 3, 8}) append(text, number);
  write(text);
  const auto file = open();
  EXPECT_EQ(label(*file, 3), "L3") << "the record of L5 is gone";
  EXPECT_EQ(label(*file, 8), "L8");
}

TEST_F(LabelsFileTest, ABadLineIsNamed) {
  std::string text;
  append(text, 1);
  write(text + "\n" + R"({"key":"oops","label":"x"})" + "\n");
  const auto file = open();
  EXPECT_EQ(label(*file, 1), "L1");
  Truth truth;
  const Status bad = file->join(key(2), truth);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::malformed);
  EXPECT_THAT(bad.error().message, testing::StartsWith(path() + " line 3: "));
}

TEST_F(LabelsFileTest, LabelsOfAnotherFileAreAMismatch) {
  write_notes(0, 100);
  const auto few = open();
  EXPECT_EQ(label(*few, 5'000), "");
  const Status whole = few->finish();
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, Errc::mismatch);
  const auto many = open();
  Status joined;
  for (std::uint64_t i = 0; i < LabelsFile::misses_max && joined; ++i) {
    Truth truth;
    joined = many->join({static_cast<std::int64_t>(i), 0}, truth);
  }
  ASSERT_FALSE(joined);
  EXPECT_THAT(joined.error().message, testing::HasSubstr("belongs to another file"));
}

TEST_F(LabelsFileTest, MessagesThatAreNoRecordsArePassedOver) {
  std::string text;
  TruthNote note;
  note.message = 17;
  note.device = "cam";
  note.label = "Attack";
  append_truth_line(text, note);
  append(text, 4);
  write(text);
  EXPECT_EQ(label(*open(), 4), "L4");
}

}  // namespace
}  // namespace vedette

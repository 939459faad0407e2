#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "train/dataset_format.hpp"
#include "train/text_table.hpp"
#include "train/train.hpp"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Record flow_record() {
  Record record;
  record.clear();
  record.device = "192.168.1.195";
  record.time = time_from_micros(1545403816962094);
  record.flow.uid = "CrDn63WjJEmrWGjqf";
  record.flow.orig_h = "192.168.1.195";
  record.flow.resp_h = "185.244.25.235";
  record.flow.orig_p = 41040;
  record.flow.resp_p = 80;
  record.flow.proto = Proto::tcp;
  record.flow.conn_state = ConnState::S0;
  record.flow.history = "S";
  record.flow.duration = 3.139211;
  record.flow.orig_bytes = 0;
  record.flow.orig_pkts = 3;
  record.flow.orig_ip_bytes = 180;
  record.seal();
  return record;
}

Record reading_record() {
  Record record;
  record.clear();
  record.kind = RecordKind::reading;
  record.device = "mote-1";
  record.time = time_from_micros(-1);
  record.reading.add("temperature", 21.5);
  record.reading.add("humidity", -0.0);
  record.seal();
  return record;
}

/// Equal to the bit, an unset number being equal to an unset number.
bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void expect_same(const Record& a, const Record& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.device, b.device);
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.flow.uid, b.flow.uid);
  EXPECT_EQ(a.flow.orig_h, b.flow.orig_h);
  EXPECT_EQ(a.flow.resp_h, b.flow.resp_h);
  EXPECT_EQ(a.flow.orig_p, b.flow.orig_p);
  EXPECT_EQ(a.flow.resp_p, b.flow.resp_p);
  EXPECT_EQ(a.flow.proto, b.flow.proto);
  EXPECT_EQ(a.flow.conn_state, b.flow.conn_state);
  EXPECT_EQ(a.flow.service, b.flow.service);
  EXPECT_EQ(a.flow.history, b.flow.history);
  EXPECT_TRUE(same(a.flow.duration, b.flow.duration));
  for (const auto count : vds::counts) EXPECT_TRUE(same(a.flow.*count, b.flow.*count));
  ASSERT_EQ(a.reading.size(), b.reading.size());
  for (std::size_t i = 0; i < a.reading.size(); ++i) {
    EXPECT_EQ(a.reading[i].name, b.reading[i].name);
    EXPECT_TRUE(same(a.reading[i].value, b.reading[i].value));
  }
}

std::vector<std::byte> encoded(const DatasetWriter& writer) {
  auto bytes = writer.encode();
  EXPECT_TRUE(bytes);
  return std::move(bytes).value();
}

/// Two captures, both kinds, labels known and not.
DatasetWriter small_writer() {
  DatasetWriter writer;
  writer.add("a.log", flow_record(), Truth{"DDoS"});
  writer.add("a.log", reading_record(), Truth{});
  writer.add("b.log", flow_record(), Truth{"Benign"});
  return writer;
}

TEST(Dataset, GivesBackWhatWasAddedInOrder) {
  const auto dataset = Dataset::decode(encoded(small_writer()));
  ASSERT_TRUE(dataset) << dataset.error().message;
  ASSERT_EQ(dataset->size(), 3U);
  EXPECT_THAT(dataset->captures(), ElementsAre("a.log", "b.log"));
  EXPECT_THAT(dataset->labels(), ElementsAre("Benign", "DDoS", ""));
  Record record;
  dataset->read(0, record);
  expect_same(record, flow_record());
  dataset->read(1, record);
  expect_same(record, reading_record());
  EXPECT_EQ(dataset->kind(1), RecordKind::reading);
  EXPECT_EQ(dataset->kind(2), RecordKind::flow);
  EXPECT_EQ(dataset->time(1), time_from_micros(-1));
  EXPECT_EQ(dataset->label(0), 1U);
  EXPECT_EQ(dataset->label(1), 2U);
  EXPECT_EQ(dataset->label(2), 0U);
  EXPECT_EQ(dataset->capture(2), 1U);
}

TEST(Dataset, KeepsCountsExactlyWhateverTheirSize) {
  const double values[] = {
      0,     -0.0, 1,      0.5, 4294967293.0, 4294967294.0, 4294967295.0, 4294967296.0,
      1e300, -3.0, not_set};
  DatasetWriter writer;
  std::vector<Record> records;
  for (const double value : values) {
    for (const auto count : vds::counts) {
      Record record = flow_record();
      record.flow.*count = value;
      record.flow.uid.clear();  // the key then depends on the counts
      record.flow.duration = value;
      record.seal();
      writer.add("a", record, Truth{});
      records.push_back(record);
    }
  }
  const auto dataset = Dataset::decode(encoded(writer));
  ASSERT_TRUE(dataset) << dataset.error().message;
  Record record;
  for (std::size_t i = 0; i < records.size(); ++i) {
    SCOPED_TRACE(i);
    dataset->read(i, record);
    expect_same(record, records[i]);
  }
}

TEST(Dataset, AnyMixOfRecordsSurvives) {
  constexpr std::uint64_t seed = 20261123;
  SCOPED_TRACE(seed);
  Random random{seed};
  DatasetWriter writer;
  std::vector<Record> records;
  const auto word = [&](std::size_t bytes_max) {
    std::string text;
    for (auto n = random.below(bytes_max + 1); n > 0; --n) {
      text += static_cast<char>('a' + random.below(26));
    }
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    Record record = random.chance(0.5) ? flow_record() : reading_record();
    record.device = "d" + word(3);
    record.time = time_from_micros(static_cast<std::int64_t>(random.next() >> 10U));
    record.flow.orig_h = record.kind == RecordKind::flow ? word(64) : "";
    record.flow.service = record.kind == RecordKind::flow ? word(2) : "";
    for (auto n = random.below(40); n > 0 && record.kind == RecordKind::reading; --n) {
      record.reading.add(word(64), random.normal());
    }
    if (record.kind == RecordKind::flow) {
      record.flow.uid = word(40);
      record.flow.resp_ip_bytes = random.chance(0.3) ? random.normal() : 7;
    }
    record.seal();
    writer.add("capture " + word(1), record, Truth{word(1)});
    records.push_back(record);
  }
  const auto dataset = Dataset::decode(encoded(writer));
  ASSERT_TRUE(dataset) << dataset.error().message;
  Record record;
  for (std::size_t i = 0; i < records.size(); ++i) {
    dataset->read(i, record);
    if (record.kind == RecordKind::reading) record.flow = records[i].flow;  // not meaningful
    expect_same(record, records[i]);
  }
}

TEST(Dataset, WritesTheSameBytesForTheSameRecords) {
  EXPECT_EQ(encoded(small_writer()), encoded(small_writer()));
  const auto a = Dataset::decode(encoded(small_writer()));
  DatasetWriter more = small_writer();
  more.add("b.log", flow_record(), Truth{"Benign"});
  const auto b = Dataset::decode(encoded(more));
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->fingerprint(), b->fingerprint());
  EXPECT_NE(a->fingerprint(), 0U);
}

TEST(Dataset, AnEmptyOneIsADataSet) {
  const auto dataset = Dataset::decode(encoded(DatasetWriter{}));
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_EQ(dataset->size(), 0U);
  EXPECT_THAT(dataset->labels(), ElementsAre("Benign"));
  EXPECT_EQ(Dataset{}.size(), 0U);
}

TEST(Dataset, EveryFlippedByteAndEveryCutIsNoticed) {
  const auto good = encoded(small_writer());
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= std::byte{0x41};
    EXPECT_FALSE(Dataset::decode(bad)) << "byte " << i;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Dataset::decode(std::span{good}.first(size))) << size << " bytes";
  }
  auto longer = good;
  longer.resize(good.size() + 8);
  EXPECT_FALSE(Dataset::decode(longer));
}

/// Where a section lies, and its size.
struct Place {
  std::size_t at = vds::sections_at;
  std::size_t size = 0;
};
Place place_of(std::span<const std::byte> bytes, vds::Section section) {
  Place place;
  for (std::size_t s = 0;; ++s) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + vds::head_bytes + s * vds::entry_bytes, sizeof size);
    place.size = size;
    if (s == static_cast<std::size_t>(section)) return place;
    place.at += vds::padded(size);
  }
}

/// Makes every checksum hold again, as a forger would.
void reseal(std::vector<std::byte>& bytes) {
  const auto put = [&](std::size_t at, std::uint64_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  };
  for (std::size_t s = 0; s < vds::section_count; ++s) {
    const Place place = place_of(bytes, static_cast<vds::Section>(s));
    put(vds::head_bytes + s * vds::entry_bytes + 8,
        hash64(std::span{bytes}.subspan(place.at, place.size)));
  }
  const auto table =
      std::span{bytes}.subspan(vds::head_bytes, vds::section_count * vds::entry_bytes);
  put(vds::head_bytes - 8, hash64(table, hash64(std::span{bytes}.first(vds::head_bytes - 8))));
}

TEST(Dataset, AForgedFileWithGoodChecksumsIsRefused) {
  struct Row {
    vds::Section section;
    std::size_t offset;
    std::uint64_t value;
    std::size_t bytes;
    const char* says;
  };
  using S = vds::Section;
  const auto nan = std::bit_cast<std::uint64_t>(not_set);
  const auto infinity = std::bit_cast<std::uint64_t>(HUGE_VAL);
  const auto first_count = S::count_first;
  for (const Row& row :
       {Row{S::slot, 0, 1, 4, "record 0"}, Row{S::slot, 0, vds::slot_reading, 4, "record"},
        Row{S::device, 0, 999, 4, "record 0"}, Row{S::capture, 4, 2, 4, "record 1"},
        Row{S::label, 8, 3, 4, "record 2"}, Row{S::time, 0, 1ULL << 63U, 8, "record 0"},
        Row{S::orig_h, 0, 1U << 31U, 4, "flow 0"}, Row{S::history, 4, 0xFFFFFFFF, 4, "flow 1"},
        Row{S::proto, 0, 5, 1, "flow 0"}, Row{S::conn_state, 1, 14, 1, "flow 1"},
        Row{S::duration, 0, infinity, 8, "flow 0"},
        Row{first_count, 0, vds::count_rare, 4, "rare values"},
        Row{S::text_ends, 0, 0xFFFFFFFF, 4, "do not rise"},
        Row{S::label_text, 0, 'b', 1, "first label"}, Row{S::uid_ends, 4, 1, 4, "do not rise"},
        Row{S::reading_ends, 0, 3, 4, "do not rise"}, Row{S::value_name, 4, 99, 4, "value 1"},
        Row{S::value_number, 0, nan, 8, "value 0"}}) {
    auto bytes = encoded(small_writer());
    const Place place = place_of(bytes, row.section);
    SCOPED_TRACE(static_cast<int>(row.section));
    ASSERT_LE(row.offset + row.bytes, place.size);
    std::memcpy(bytes.data() + place.at + row.offset, &row.value, row.bytes);
    reseal(bytes);
    const auto dataset = Dataset::decode(bytes);
    ASSERT_FALSE(dataset);
    EXPECT_EQ(dataset.error().code, Errc::corrupt);
    EXPECT_THAT(dataset.error().message, HasSubstr(row.says));
  }
  auto untouched = encoded(small_writer());
  reseal(untouched);
  EXPECT_TRUE(Dataset::decode(untouched)) << "resealing alone changes nothing";
}

TEST(Dataset, RemembersTheColumnsThatPrepareWasAskedFor) {
  DatasetWriter writer = small_writer();
  EXPECT_EQ(Dataset::decode(encoded(writer))->columns(), "");
  writer.set_columns("published24");
  EXPECT_EQ(Dataset::decode(encoded(writer))->columns(), "published24");
}

TEST(Dataset, SaysWhatIsWrongWithAFile) {
  const auto folder = std::filesystem::path{::testing::TempDir()} /
                      ("vedette-dataset-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto path = folder / "iot.vds";
  EXPECT_EQ(Dataset::load(path).error().code, Errc::not_found);
  ASSERT_TRUE(small_writer().save(path));
  const auto dataset = Dataset::load(path);
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_EQ(dataset->size(), 3U);

  auto bytes = encoded(small_writer());
  const auto code_with = [&](std::size_t at, std::byte value) {
    auto changed = bytes;
    changed[at] = value;
    std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(changed.data()),
                                                static_cast<std::streamsize>(changed.size()));
    const auto loaded = Dataset::load(path);
    EXPECT_THAT(loaded.error().message, HasSubstr(path.string()));
    return loaded.error().code;
  };
  EXPECT_EQ(code_with(0, std::byte{'#'}), Errc::malformed);
  EXPECT_EQ(code_with(8, std::byte{99}), Errc::unsupported);
  EXPECT_EQ(code_with(bytes.size() - 1, std::byte{0xEE}), Errc::corrupt);
  EXPECT_FALSE(small_writer().save(folder / "absent" / "iot.vds"));
  std::filesystem::remove_all(folder);
}

TEST(TextTable, NumbersTextsInOrderOfArrival) {
  TextTable table;
  for (std::uint32_t round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(table.put(std::to_string(i)), i);
  }
  EXPECT_EQ(table.put(""), 1000U);
  EXPECT_EQ(table.size(), 1001U);
  EXPECT_EQ(table.list()[999], "999");
  EXPECT_EQ(table.list()[1000], "");
}

}  // namespace
}  // namespace vedette

/// Gathering records into columns and writing them (docs/formats/vds.md).
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/expects.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "train/dataset_format.hpp"
#include "train/text_table.hpp"
#include "train/train.hpp"

namespace vedette {

using vds::Section;

namespace {

constexpr std::size_t text_bytes_max = 0xFFFF'FFFF;

template <class T>
std::span<const std::byte> bytes_of(const T& column) {
  return std::as_bytes(std::span{column.data(), column.size()});
}

}  // namespace

struct DatasetWriter::Gathered {
  using Sections = std::array<std::span<const std::byte>, vds::section_count>;

  Gathered() { labels.put(benign_label); }

  TextTable captures, labels, texts;
  std::vector<std::uint32_t> slot, device, capture, label;
  std::vector<std::int64_t> time;
  std::vector<std::uint32_t> orig_h, resp_h, service, history;
  std::vector<std::uint16_t> orig_p, resp_p;
  std::vector<std::uint8_t> proto, conn_state;
  std::vector<double> duration;
  std::array<std::vector<std::uint32_t>, vds::counts.size()> counts;
  std::vector<std::uint32_t> uid_ends;
  std::string uid_text;
  std::vector<std::uint64_t> rare_at;
  std::vector<double> rare_value;
  std::vector<std::uint32_t> reading_ends, value_name;
  std::vector<double> value_number;
  std::string columns;
  bool full = false;

  bool has_room(std::string_view name, const Record& record, const Truth& truth) const;
  void add_flow(const Flow& flow);
  void add_reading(const Reading& reading);
  std::uint32_t pack(double value, std::uint64_t at);
  Sections sections() const;
  std::vector<std::byte> head(const Sections& sections) const;
  Status check() const;
};

bool DatasetWriter::Gathered::has_room(std::string_view name, const Record& record,
                                       const Truth& truth) const {
  const Flow& flow = record.flow;
  std::size_t text = record.device.size() + flow.orig_h.size() + flow.resp_h.size() +
                     flow.service.size() + flow.history.size();
  for (const Reading::Value& value : record.reading) text += value.name.size();
  return slot.size() < records_max && texts.bytes() + text <= text_bytes_max &&
         captures.bytes() + name.size() <= text_bytes_max &&
         labels.bytes() + truth.label.size() <= text_bytes_max &&
         uid_text.size() + flow.uid.size() <= text_bytes_max &&
         value_name.size() + record.reading.size() <= text_bytes_max;
}

/// 0..2^32-3 as itself; anything else exactly, in the list of rare values. The sign bit keeps -0.0
/// apart from 0.0: keys are made from the bits.
std::uint32_t DatasetWriter::Gathered::pack(double value, std::uint64_t at) {
  if (std::isnan(value)) return vds::count_unset;
  if (value < vds::count_rare && !std::signbit(value) && value == std::floor(value)) {
    return static_cast<std::uint32_t>(value);
  }
  rare_at.push_back(at);
  rare_value.push_back(value);
  return vds::count_rare;
}

void DatasetWriter::Gathered::add_flow(const Flow& flow) {
  const std::uint64_t at = orig_h.size() * vds::counts.size();
  slot.push_back(static_cast<std::uint32_t>(orig_h.size()));
  uid_text += flow.uid;
  uid_ends.push_back(static_cast<std::uint32_t>(uid_text.size()));
  orig_h.push_back(texts.put(flow.orig_h));
  resp_h.push_back(texts.put(flow.resp_h));
  service.push_back(texts.put(flow.service));
  history.push_back(texts.put(flow.history));
  orig_p.push_back(flow.orig_p);
  resp_p.push_back(flow.resp_p);
  proto.push_back(static_cast<std::uint8_t>(flow.proto));
  conn_state.push_back(static_cast<std::uint8_t>(flow.conn_state));
  duration.push_back(flow.duration);
  for (std::size_t c = 0; c < counts.size(); ++c) {
    counts[c].push_back(pack(flow.*vds::counts[c], at + c));
  }
}

void DatasetWriter::Gathered::add_reading(const Reading& reading) {
  slot.push_back(vds::slot_reading | static_cast<std::uint32_t>(reading_ends.size()));
  for (const Reading::Value& value : reading) {
    value_name.push_back(texts.put(value.name));
    value_number.push_back(value.value);
  }
  reading_ends.push_back(static_cast<std::uint32_t>(value_name.size()));
}

auto DatasetWriter::Gathered::sections() const -> Sections {
  Sections all;
  const auto set = [&](Section section, const auto& column) {
    all[static_cast<std::size_t>(section)] = bytes_of(column);
  };
  const auto set_texts = [&](Section ends, Section text, const TextTable& table) {
    set(ends, table.list().ends);
    set(text, table.list().bytes);
  };
  set_texts(Section::capture_ends, Section::capture_text, captures);
  set_texts(Section::label_ends, Section::label_text, labels);
  set_texts(Section::text_ends, Section::text_bytes, texts);
  set(Section::slot, slot);
  set(Section::time, time);
  set(Section::device, device);
  set(Section::capture, capture);
  set(Section::label, label);
  set(Section::orig_h, orig_h);
  set(Section::resp_h, resp_h);
  set(Section::service, service);
  set(Section::history, history);
  set(Section::orig_p, orig_p);
  set(Section::resp_p, resp_p);
  set(Section::proto, proto);
  set(Section::conn_state, conn_state);
  set(Section::duration, duration);
  for (std::size_t c = 0; c < counts.size(); ++c) {
    all[static_cast<std::size_t>(Section::count_first) + c] = bytes_of(counts[c]);
  }
  set(Section::uid_ends, uid_ends);
  set(Section::uid_text, uid_text);
  set(Section::rare_at, rare_at);
  set(Section::rare_value, rare_value);
  set(Section::reading_ends, reading_ends);
  set(Section::value_name, value_name);
  set(Section::value_number, value_number);
  set(Section::columns, columns);
  return all;
}

/// Head and table: all that goes before the first section.
std::vector<std::byte> DatasetWriter::Gathered::head(const Sections& sections) const {
  ByteWriter table;
  std::uint64_t size = vds::sections_at;
  for (const auto section : sections) {
    table.put<std::uint64_t>(section.size());
    table.put(hash64(section));
    size += vds::padded(section.size());
  }
  ByteWriter out;
  out.put_bytes(std::as_bytes(std::span{vds::magic}));
  out.put(vds::version);
  out.put(static_cast<std::uint32_t>(vds::section_count));
  out.put(size);
  out.put(hash64(table.bytes(), hash64(out.bytes())));
  out.put_bytes(table.bytes());
  return {out.bytes().begin(), out.bytes().end()};
}

Status DatasetWriter::Gathered::check() const {
  if (!full) return {};
  return Error{Errc::too_large,
               fmt::format("the data set is full after {} records: at most {} records and 4 GiB of "
                           "distinct text; prepare the captures in several files",
                           slot.size(), records_max)};
}

DatasetWriter::DatasetWriter() : gathered_(std::make_unique<Gathered>()) {}
DatasetWriter::~DatasetWriter() = default;
DatasetWriter::DatasetWriter(DatasetWriter&&) noexcept = default;
DatasetWriter& DatasetWriter::operator=(DatasetWriter&&) noexcept = default;

void DatasetWriter::add(std::string_view capture, const Record& record, const Truth& truth) {
  expects(!record.device.empty() && record.device.size() <= Record::device_bytes_max,
          "a record names its device");
  Gathered& g = *gathered_;
  g.full = g.full || !g.has_room(capture, record, truth);
  if (g.full) return;
  if (record.kind == RecordKind::flow) {
    g.add_flow(record.flow);
  } else {
    g.add_reading(record.reading);
  }
  g.time.push_back(micros(record.time));
  g.device.push_back(g.texts.put(record.device));
  g.capture.push_back(g.captures.put(capture));
  g.label.push_back(g.labels.put(truth.label));
}

void DatasetWriter::set_columns(std::string_view name) {
  expects(name.size() <= vds::columns_bytes_max, "the name of a column set is short");
  gathered_->columns = name;
}

std::size_t DatasetWriter::size() const {
  return gathered_->slot.size();
}

Status DatasetWriter::save(const std::filesystem::path& path) const {
  if (Status fits = gathered_->check(); !fits) return fits;
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  const auto sections = gathered_->sections();
  if (Status done = file->write(gathered_->head(sections)); !done) return done;
  constexpr std::array<std::byte, 8> zeros{};
  for (const auto section : sections) {
    if (Status done = file->write(section); !done) return done;
    const std::size_t pad = vds::padded(section.size()) - section.size();
    if (Status done = file->write(std::span{zeros}.first(pad)); !done) return done;
  }
  return file->commit();
}

Result<std::vector<std::byte>> DatasetWriter::encode() const {
  if (Status fits = gathered_->check(); !fits) return fits.error();
  const auto sections = gathered_->sections();
  std::vector<std::byte> out = gathered_->head(sections);
  for (const auto section : sections) {
    out.insert(out.end(), section.begin(), section.end());
    out.resize(vds::padded(out.size()));
  }
  return out;
}

}  // namespace vedette

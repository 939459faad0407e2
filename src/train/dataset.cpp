/// Reading a data set: the file is copied whole into one block and the columns are spans into it.
/// Everything is checked once, while loading; read() then trusts every index.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "train/dataset_format.hpp"
#include "train/train.hpp"

namespace vedette {

using vds::Section;
using vds::TextList;
template <class T>
using Cells = std::span<const T>;
using Index = std::uint32_t;

struct Dataset::Columns {
  std::unique_ptr<std::byte[]> block;
  std::vector<std::string> captures;
  std::vector<std::string> labels;
  std::string column_set;
  std::uint64_t fingerprint = 0;
  TextList capture_names, label_names, texts, uids;
  // one entry a record
  Cells<Index> slot, device, capture, label;
  Cells<std::int64_t> time;
  // one entry a flow
  Cells<Index> orig_h, resp_h, service, history;
  Cells<std::uint16_t> orig_p, resp_p;
  Cells<std::uint8_t> proto, conn_state;
  Cells<double> duration;
  std::array<Cells<std::uint32_t>, vds::counts.size()> counts;
  // counts that do not fit into 32 bits: flow * 7 + count, rising
  Cells<std::uint64_t> rare_at;
  Cells<double> rare_value;
  // readings
  Cells<std::uint32_t> reading_ends;
  Cells<Index> value_name;
  Cells<double> value_number;

  double count_of(std::size_t flow, std::size_t count) const;
  void read_flow(std::size_t i, Flow& flow) const;
  void read_values(std::size_t i, Reading& reading) const;
};

double Dataset::Columns::count_of(std::size_t flow, std::size_t count) const {
  const std::uint32_t packed = counts[count][flow];
  if (packed == vds::count_unset) return not_set;
  if (packed != vds::count_rare) return packed;
  const std::uint64_t at = flow * vds::counts.size() + count;
  const auto found = std::lower_bound(rare_at.begin(), rare_at.end(), at);
  return rare_value[static_cast<std::size_t>(found - rare_at.begin())];
}

void Dataset::Columns::read_flow(std::size_t i, Flow& flow) const {
  flow.uid.assign(uids[i]);
  flow.orig_h.assign(texts[orig_h[i]]);
  flow.resp_h.assign(texts[resp_h[i]]);
  flow.orig_p = orig_p[i];
  flow.resp_p = resp_p[i];
  flow.proto = static_cast<Proto>(proto[i]);
  flow.conn_state = static_cast<ConnState>(conn_state[i]);
  flow.service.assign(texts[service[i]]);
  flow.history.assign(texts[history[i]]);
  flow.duration = std::isnan(duration[i]) ? not_set : duration[i];
  for (std::size_t c = 0; c < vds::counts.size(); ++c) flow.*vds::counts[c] = count_of(i, c);
}

void Dataset::Columns::read_values(std::size_t i, Reading& reading) const {
  for (std::size_t v = i == 0 ? 0 : reading_ends[i - 1]; v < reading_ends[i]; ++v) {
    reading.add(texts[value_name[v]], value_number[v]);
  }
}

namespace {

Error corrupt(std::string message) {
  return Error{Errc::corrupt, std::move(message)};
}

/// The sections of a file whose frame (magic, sizes, checksums) holds.
struct Frame {
  std::array<std::span<const std::byte>, vds::section_count> sections;
  std::uint64_t fingerprint = 0;
};

Status check_head(std::span<const std::byte> bytes) {
  if (bytes.size() < vds::magic.size() ||
      std::memcmp(bytes.data(), vds::magic.data(), vds::magic.size()) != 0) {
    return Error{Errc::malformed, "not a data set of vedette (its first bytes are others)"};
  }
  ByteReader head{bytes.subspan(vds::magic.size())};
  const auto version = head.get<std::uint32_t>();
  const auto sections = head.get<std::uint32_t>();
  const auto size = head.get<std::uint64_t>();
  if (head.ok() && version != vds::version) {
    return Error{Errc::unsupported,
                 fmt::format("data set version {}, this build reads {}", version, vds::version)};
  }
  if (!head.ok() || bytes.size() < vds::sections_at || size != bytes.size()) {
    return corrupt(fmt::format("the file has {} bytes, its head says {}", bytes.size(), size));
  }
  if (sections != vds::section_count) {
    return corrupt(fmt::format("{} sections instead of {}", sections, vds::section_count));
  }
  return {};
}

Result<Frame> read_frame(std::span<const std::byte> bytes) {
  if (Status head = check_head(bytes); !head) return head.error();
  constexpr std::size_t hash_at = vds::head_bytes - sizeof(std::uint64_t);
  const auto table = bytes.subspan(vds::head_bytes, vds::section_count * vds::entry_bytes);
  const auto stated = ByteReader{bytes.subspan(hash_at)}.get<std::uint64_t>();
  if (hash64(table, hash64(bytes.first(hash_at))) != stated) {
    return corrupt("the checksum of the head does not hold");
  }
  Frame frame;
  frame.fingerprint = hash64(table);
  ByteReader entries{table};
  ByteReader body{bytes.subspan(vds::sections_at)};
  for (std::size_t s = 0; s < vds::section_count; ++s) {
    const auto size = entries.get<std::uint64_t>();
    const auto hash = entries.get<std::uint64_t>();
    frame.sections[s] = body.get_bytes(size);
    if (!body.ok()) return corrupt(fmt::format("section {} goes beyond the end", s));
    if (hash64(frame.sections[s]) != hash) {
      return corrupt(fmt::format("the checksum of section {} does not hold", s));
    }
    for (const std::byte pad : body.get_bytes(vds::padded(size) - size)) {
      if (pad != std::byte{0}) return corrupt(fmt::format("bytes between sections {}", s));
    }
  }
  if (!body.ok() || body.left() != 0) return corrupt("bytes behind the last section");
  return frame;
}

/// Turns a frame into columns and checks that every index and number keeps its promise.
class Checker {
 public:
  Checker(const Frame& frame, Dataset::Columns& columns) : frame_(frame), c_(columns) {}

  Status run() {
    using Step = Status (Checker::*)();
    for (const Step step : {&Checker::map_columns, &Checker::check_texts, &Checker::check_names,
                            &Checker::check_records, &Checker::check_flows, &Checker::check_rare,
                            &Checker::check_readings}) {
      if (Status done = (this->*step)(); !done) return done;
    }
    return {};
  }

 private:
  enum Use : std::uint8_t { device = 1, address = 2, name = 4 };

  template <class T>
  bool map(Section section, Cells<T>& column) const {
    return map(static_cast<std::size_t>(section), column);
  }
  /// The block is 16-aligned and sections start at multiples of 8.
  template <class T>
  bool map(std::size_t section, Cells<T>& column) const {
    const auto bytes = frame_.sections[section];
    column = {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    return bytes.size() % sizeof(T) == 0;
  }
  bool map(Section ends, Section text, TextList& list) const {
    const auto bytes = frame_.sections[static_cast<std::size_t>(text)];
    list.bytes = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return map(ends, list.ends);
  }

  Status map_columns() {
    bool whole =
        map(Section::capture_ends, Section::capture_text, c_.capture_names) &&
        map(Section::label_ends, Section::label_text, c_.label_names) &&
        map(Section::text_ends, Section::text_bytes, c_.texts) && map(Section::slot, c_.slot) &&
        map(Section::time, c_.time) && map(Section::device, c_.device) &&
        map(Section::capture, c_.capture) && map(Section::label, c_.label) &&
        map(Section::orig_h, c_.orig_h) && map(Section::resp_h, c_.resp_h) &&
        map(Section::service, c_.service) && map(Section::history, c_.history) &&
        map(Section::orig_p, c_.orig_p) && map(Section::resp_p, c_.resp_p) &&
        map(Section::proto, c_.proto) && map(Section::conn_state, c_.conn_state) &&
        map(Section::duration, c_.duration) && map(Section::uid_ends, Section::uid_text, c_.uids) &&
        map(Section::rare_at, c_.rare_at) && map(Section::rare_value, c_.rare_value) &&
        map(Section::reading_ends, c_.reading_ends) && map(Section::value_name, c_.value_name) &&
        map(Section::value_number, c_.value_number);
    const auto set = frame_.sections[static_cast<std::size_t>(Section::columns)];
    if (set.size() > vds::columns_bytes_max) return corrupt("the name of its columns is too long");
    c_.column_set.assign(reinterpret_cast<const char*>(set.data()), set.size());
    if (!is_utf8(c_.column_set)) return corrupt("the name of its columns is no text");
    for (std::size_t i = 0; i < c_.counts.size(); ++i) {
      whole = whole && map(static_cast<std::size_t>(Section::count_first) + i, c_.counts[i]);
    }
    if (!whole) return corrupt("a column ends within an entry");
    return check_sizes();
  }

  Status check_sizes() const {
    const std::size_t records = c_.slot.size();
    const std::size_t flows = c_.orig_h.size();
    const auto all = [](std::size_t size, auto... sizes) { return ((sizes == size) && ...); };
    bool agree = all(records, c_.time.size(), c_.device.size(), c_.capture.size(), c_.label.size(),
                     flows + c_.reading_ends.size()) &&
                 all(flows, c_.resp_h.size(), c_.service.size(), c_.history.size(),
                     c_.orig_p.size(), c_.resp_p.size(), c_.proto.size(), c_.conn_state.size(),
                     c_.duration.size(), c_.uids.size()) &&
                 all(c_.rare_at.size(), c_.rare_value.size()) &&
                 all(c_.value_name.size(), c_.value_number.size());
    for (const auto& column : c_.counts) agree = agree && column.size() == flows;
    if (!agree) return corrupt("the columns have different lengths");
    return {};
  }

  static bool rising(Cells<std::uint32_t> ends, std::size_t size) {
    std::uint32_t last = 0;
    for (const std::uint32_t end : ends) {
      if (end < last) return false;
      last = end;
    }
    return last == size;
  }

  Status check_texts() {
    for (const TextList* list : {&c_.capture_names, &c_.label_names, &c_.texts, &c_.uids}) {
      if (!rising(list->ends, list->bytes.size())) return corrupt("the ends of texts do not rise");
    }
    uses_.resize(c_.texts.size());
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      const std::string_view text = c_.texts[i];
      const bool utf8 = is_utf8(text);
      uses_[i] = static_cast<std::uint8_t>(
          (utf8 && !text.empty() && text.size() <= Record::device_bytes_max ? device : 0) |
          (text.size() <= Flow::address_bytes_max ? address : 0) |
          (utf8 && text.size() <= Reading::name_bytes_max ? name : 0));
    }
    return {};
  }

  Status check_names() {
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < c_.label_names.size(); ++i) {
      if (!seen.insert(c_.label_names[i]).second) return corrupt("a label is listed twice");
    }
    if (c_.label_names.size() == 0 || c_.label_names[0] != benign_label) {
      return corrupt("the first label is not Benign");
    }
    c_.labels.clear();
    for (std::size_t i = 0; i < c_.capture_names.size(); ++i) {
      c_.captures.emplace_back(c_.capture_names[i]);
    }
    for (std::size_t i = 0; i < c_.label_names.size(); ++i) {
      c_.labels.emplace_back(c_.label_names[i]);
    }
    return {};
  }

  bool usable(Index text, Use use) const { return text < uses_.size() && (uses_[text] & use) != 0; }

  Status check_records() {
    std::uint32_t flow = 0;
    std::uint32_t reading = 0;
    for (std::size_t i = 0; i < c_.slot.size(); ++i) {
      const bool is_reading = (c_.slot[i] & vds::slot_reading) != 0;
      const std::uint32_t due = is_reading ? (vds::slot_reading | reading++) : flow++;
      const bool holds = c_.slot[i] == due && c_.capture[i] < c_.captures.size() &&
                         c_.label[i] < c_.labels.size() && usable(c_.device[i], device) &&
                         c_.time[i] <= vds::time_micros_max && c_.time[i] >= -vds::time_micros_max;
      if (!holds) return corrupt(fmt::format("record {} names what is not there", i));
    }
    if (flow != c_.orig_h.size()) return corrupt("flows without a record");
    return {};
  }

  Status check_flows() {
    for (std::size_t i = 0; i < c_.orig_h.size(); ++i) {
      const bool holds = usable(c_.orig_h[i], address) && usable(c_.resp_h[i], address) &&
                         c_.service[i] < uses_.size() && c_.history[i] < uses_.size() &&
                         c_.proto[i] <= static_cast<std::uint8_t>(Proto::unknown_transport) &&
                         c_.conn_state[i] < conn_state_count && !std::isinf(c_.duration[i]);
      if (!holds) return corrupt(fmt::format("flow {} holds what no flow can hold", i));
    }
    return {};
  }

  Status check_rare() {
    std::size_t marked = 0;
    for (const auto& column : c_.counts) {
      marked += static_cast<std::size_t>(std::count(column.begin(), column.end(), vds::count_rare));
    }
    bool holds = marked == c_.rare_at.size();
    for (std::size_t i = 0; i < c_.rare_at.size() && holds; ++i) {
      const std::uint64_t at = c_.rare_at[i];
      const std::uint64_t flow = at / vds::counts.size();
      holds = (i == 0 || c_.rare_at[i - 1] < at) && flow < c_.orig_h.size() &&
              c_.counts[at % vds::counts.size()][flow] == vds::count_rare &&
              std::isfinite(c_.rare_value[i]);
    }
    if (!holds) return corrupt("the list of rare values does not fit the flows");
    return {};
  }

  Status check_readings() {
    if (!rising(c_.reading_ends, c_.value_name.size())) {
      return corrupt("the ends of readings do not rise");
    }
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < c_.reading_ends.size(); ++i) {
      if (c_.reading_ends[i] - begin > Reading::values_max) {
        return corrupt(fmt::format("reading {} has more than {} values", i, Reading::values_max));
      }
      begin = c_.reading_ends[i];
    }
    for (std::size_t i = 0; i < c_.value_name.size(); ++i) {
      if (!usable(c_.value_name[i], name) || !std::isfinite(c_.value_number[i])) {
        return corrupt(fmt::format("value {} of the readings is not a named number", i));
      }
    }
    return {};
  }

  const Frame& frame_;
  Dataset::Columns& c_;
  std::vector<std::uint8_t> uses_;  // what each text is fit to be: device, address, name
};

}  // namespace

Dataset::Dataset() : columns_(std::make_unique<Columns>()) {
  columns_->labels.emplace_back(benign_label);
}
Dataset::~Dataset() = default;
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;

Result<Dataset> Dataset::decode(std::span<const std::byte> bytes) {
  Dataset dataset;
  // Copied before anything is checked: a mapped file could still change under the checks.
  auto block = std::make_unique_for_overwrite<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(block.get(), bytes.data(), bytes.size());
  const Result<Frame> frame = read_frame({block.get(), bytes.size()});
  if (!frame) return frame.error();
  if (Status checked = Checker{*frame, *dataset.columns_}.run(); !checked) return checked.error();
  dataset.columns_->fingerprint = frame->fingerprint;
  dataset.columns_->block = std::move(block);
  return dataset;
}

Result<Dataset> Dataset::load(const std::filesystem::path& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  Result<Dataset> dataset = decode(file->bytes());
  if (!dataset) {
    return Error{dataset.error().code,
                 fmt::format("{}: {}", path.string(), dataset.error().message)};
  }
  return dataset;
}

std::size_t Dataset::size() const {
  return columns_->slot.size();
}

void Dataset::read(std::size_t i, Record& record) const {
  const Columns& c = *columns_;
  record.clear();
  record.device.assign(c.texts[c.device[i]]);
  record.time = time_from_micros(c.time[i]);
  record.kind = kind(i);
  const std::uint32_t at = c.slot[i] & ~vds::slot_reading;
  if (record.kind == RecordKind::flow) {
    c.read_flow(at, record.flow);
  } else {
    c.read_values(at, record.reading);
  }
  record.seal();
}

RecordKind Dataset::kind(std::size_t i) const {
  const bool reading = (columns_->slot[i] & vds::slot_reading) != 0;
  return reading ? RecordKind::reading : RecordKind::flow;
}
Time Dataset::time(std::size_t i) const {
  return time_from_micros(columns_->time[i]);
}
std::uint32_t Dataset::capture(std::size_t i) const {
  return columns_->capture[i];
}
std::uint32_t Dataset::label(std::size_t i) const {
  return columns_->label[i];
}
const std::vector<std::string>& Dataset::captures() const {
  return columns_->captures;
}
const std::vector<std::string>& Dataset::labels() const {
  return columns_->labels;
}
std::string_view Dataset::columns() const {
  return columns_->column_set;
}
std::uint64_t Dataset::fingerprint() const {
  return columns_->fingerprint;
}

}  // namespace vedette

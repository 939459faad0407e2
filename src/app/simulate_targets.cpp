#include "app/simulate_targets.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "app/simulate_broker.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "codec/codec.hpp"

namespace vedette {

namespace {

/// Lines go to the file this many bytes at a time.
constexpr std::size_t chunk_bytes = std::size_t{256} << 10U;

/// The device has no topic to stand in, so it goes first into the object.
void append_record_line(std::string& out, const Record& record) {
  out += "{\"device\":";
  append_json_string(out, record.device);
  const std::size_t brace = out.size();
  append_record_json(out, record);
  out[brace] = ',';
  out += '\n';
}

void append_zeek_json(std::string& out, const Record& record) {
  append_record_json(out, record);
  out += '\n';
}

struct FileFormat {
  std::string_view ending;
  void (*header)(std::string&);
  void (*line)(std::string&, const Simulated&);
  bool flows_only;
  bool names_device;   ///< else a decoder takes id.orig_h for it
  bool labels_beside;  ///< else they stand inside
};

constexpr std::array formats{
    FileFormat{".log.labeled", append_zeek_header,
               [](std::string& out, const Simulated& said) {
                 append_zeek_line(out, said.record, said.truth);
               },
               true, false, false},
    FileFormat{
        ".log", append_zeek_plain_header,
        [](std::string& out, const Simulated& said) { append_zeek_plain_line(out, said.record); },
        true, false, true},
    FileFormat{".json", [](std::string&) {},
               [](std::string& out, const Simulated& said) { append_zeek_json(out, said.record); },
               true, false, true},
    FileFormat{
        ".jsonl", [](std::string&) {},
        [](std::string& out, const Simulated& said) { append_record_line(out, said.record); },
        false, true, true},
    FileFormat{".csv", append_csv_header,
               [](std::string& out, const Simulated& said) { append_csv_line(out, said.record); },
               true, false, true},
};

const FileFormat* format_of(std::string_view to) {
  if (to == "-") to = ".jsonl";
  for (const FileFormat& format : formats) {
    if (to.ends_with(format.ending)) return &format;
  }
  return nullptr;
}

/// An AtomicFile with a larger step: a line is appended, nothing more.
class Lines {
 public:
  explicit Lines(AtomicFile file) : file_(std::move(file)) { text_.reserve(2 * chunk_bytes); }
  std::string& text() { return text_; }
  Status when_full() { return text_.size() < chunk_bytes ? Status{} : flush(); }
  Status sync() {
    if (Status flushed = flush(); !flushed) return flushed;
    return file_.sync();
  }
  Status commit() { return file_.commit(); }

 private:
  Status flush() {
    Status written = file_.write(text_);
    text_.clear();
    return written;
  }
  AtomicFile file_;
  std::string text_;
};

class FileTarget final : public SimulateTarget {
 public:
  FileTarget(const FileFormat& format, Lines records)
      : format_(format), records_(std::move(records)) {
    format_.header(records_.text());
  }
  void write_labels(Lines lines, std::filesystem::path path) {
    labels_.emplace(std::move(lines));
    labels_path_ = std::move(path);
  }

  Result<Put> put(Simulated& said, const std::stop_token&) override {
    const bool reading = said.record.kind == RecordKind::reading;
    if (!said.topic.empty() || (reading && format_.flows_only)) return Put::no_place;
    format_.line(records_.text(), said);
    if (Status written = records_.when_full(); !written) return written.error();
    if (!labels_ || !said.truth.known()) return Put::done;
    fill_note(note_, said, key_in_file(said.record));
    append_truth_line(labels_->text(), note_);
    if (Status written = labels_->when_full(); !written) return written.error();
    return Put::done;
  }

  /// Both or neither: all that needs room happens before the first of them appears.
  Status finish(const std::stop_token&, SimulateReport&) override {
    if (Status kept = records_.sync(); !kept) return kept;
    if (!labels_) return records_.commit();
    if (Status kept = labels_->sync(); !kept) return kept;
    if (Status kept = labels_->commit(); !kept) return kept;
    Status done = records_.commit();
    std::error_code ignored;
    if (!done) std::filesystem::remove(labels_path_, ignored);
    return done;
  }

 private:
  /// The key that the record has when it is decoded from this file.
  RecordKey key_in_file(Record& record) {
    if (format_.names_device || record.device == record.flow.orig_h) return record.key;
    device_.assign(record.flow.orig_h);
    record.device.swap(device_);
    record.seal();
    record.device.swap(device_);
    return record.key;
  }

  const FileFormat& format_;
  Lines records_;
  std::optional<Lines> labels_;
  std::filesystem::path labels_path_;
  TruthNote note_;
  std::string device_;
};

Result<std::unique_ptr<SimulateTarget>> open_files(const SimulateOptions& options) {
  const FileFormat* const format = format_of(options.to);
  if (format == nullptr) {
    return Error{Errc::unsupported,
                 fmt::format("{} is neither mqtt://…, mqtts://…, nor a .log, .log.labeled, .json, "
                             ".jsonl or .csv file, nor -",
                             vedette::quoted(options.to))};
  }
  std::filesystem::path labels = options.labels;
  if (labels.empty() && format->labels_beside && options.to != "-") {
    labels = labels_beside(options.to);
  }
  if (labels == options.to) {
    return Error{Errc::mismatch,
                 fmt::format("{}: records and labels cannot go to one file", options.to)};
  }
  Result<AtomicFile> file = AtomicFile::create(options.to);
  if (!file) return file.error();
  auto target = std::make_unique<FileTarget>(*format, Lines{std::move(*file)});
  if (!labels.empty()) {
    Result<AtomicFile> beside = AtomicFile::create(labels);
    if (!beside) return beside.error();
    target->write_labels(Lines{std::move(*beside)}, labels);
  }
  return std::unique_ptr<SimulateTarget>{std::move(target)};
}

}  // namespace

bool is_broker(std::string_view to) {
  return to.starts_with("mqtt://") || to.starts_with("mqtts://");
}

bool is_file(std::string_view to) {
  return !is_broker(to) && to != "-";
}

bool holds_flows_only(std::string_view to) {
  const FileFormat* const format = is_broker(to) ? nullptr : format_of(to);
  return format != nullptr && format->flows_only;
}

void fill_note(TruthNote& note, const Simulated& said, RecordKey key) {
  const bool message = !said.topic.empty();
  note.key = message ? RecordKey{} : key;
  note.message = message ? message_hash(said.topic, said.payload) : 0;
  note.time = message ? said.record.time : Time{};
  note.device.assign(said.record.device);
  note.label.assign(said.truth.label);
  note.episode = said.episode;
  if (said.episode == 0) return;
  note.cause.assign(episode_kinds()[said.kind].name);
  note.begins = said.episode_begins;
}

Result<std::unique_ptr<SimulateTarget>> open_target(const SimulateOptions& options,
                                                    const std::vector<std::string>& devices,
                                                    const MakePublisher& make_publisher) {
  if (is_broker(options.to)) return open_broker(options, devices, make_publisher);
  return open_files(options);
}

}  // namespace vedette

#include "ingest/labels_file.hpp"

#include <fmt/format.h>

#include <utility>

#include "codec/codec.hpp"

namespace vedette {

namespace {

/// Records need not be in the order of time: so many notes are looked at before a later time is
/// taken for "past it".
constexpr std::size_t ahead_min = 256;

}  // namespace

Result<std::unique_ptr<LabelsFile>> LabelsFile::open(const std::string& path) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  return std::unique_ptr<LabelsFile>{new LabelsFile{std::move(file).value(), path}};
}

LabelsFile::LabelsFile(MappedFile file, std::string name)
    : file_(std::move(file)), name_(std::move(name)), ring_(ahead_max) {}

Status LabelsFile::join(RecordKey key, Truth& truth) {
  if (size_ > 0 && take_waiting(key, truth)) {
    ++joined_;
    return {};
  }
  const Result<bool> found = read_on(key, truth);
  if (!found) return found.error();
  ++(*found ? joined_ : missed_);
  if (joined_ == 0 && missed_ >= misses_max) return foreign();
  return {};
}

bool LabelsFile::take_waiting(RecordKey key, Truth& truth) {
  for (std::size_t i = 0; i < size_; ++i) {
    Entry& entry = at(i);
    if (entry.taken || entry.key != key) continue;
    truth.label.assign(entry.label);
    entry.taken = true;
    while (size_ > 0 && at(0).taken) {
      first_ = (first_ + 1) % ahead_max;
      --size_;
    }
    return true;
  }
  return false;
}

Result<bool> LabelsFile::read_on(RecordKey key, Truth& truth) {
  for (;;) {
    const Result<bool> read = read_note();
    if (!read) return read.error();
    if (!*read) return false;
    if (note_.key == key) {
      truth.label.assign(note_.label);
      return true;
    }
    keep_note();
    if (note_.key.time_micros > key.time_micros && size_ >= ahead_min) return false;
  }
}

Result<bool> LabelsFile::read_note() {
  const std::string_view text = file_.text();
  while (at_ < text.size()) {
    const std::size_t end = std::min(text.find('\n', at_), text.size());
    const std::string_view line = text.substr(at_, end - at_);
    at_ = std::min(end + 1, text.size());
    ++line_;
    if (line.empty()) continue;
    if (const Status fine = read_truth_line(line, note_); !fine) {
      return Error{fine.error().code,
                   fmt::format("{} line {}: {}", name_, line_, fine.error().message)};
    }
    if (note_.message == 0) return true;  // files hold no messages that are no records
  }
  return false;
}

void LabelsFile::keep_note() {
  if (size_ == ahead_max) {
    first_ = (first_ + 1) % ahead_max;
    --size_;
  }
  Entry& entry = at(size_++);
  entry.key = note_.key;
  entry.label.assign(note_.label);
  entry.taken = false;
}

Status LabelsFile::finish() const {
  if (joined_ == 0 && missed_ > 0) return foreign();
  return {};
}

Error LabelsFile::foreign() const {
  return Error{Errc::mismatch,
               fmt::format("{}: belongs to another file: none of its labels is of a record of the "
                           "file it lies beside",
                           name_)};
}

}  // namespace vedette

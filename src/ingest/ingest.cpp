#include "ingest/ingest.hpp"

#include <fmt/format.h>

#include "base/expects.hpp"
#include "codec/codec.hpp"
#include "ingest/labels_file.hpp"
#include "record/truth_note.hpp"
#include "source/source.hpp"

namespace vedette {

namespace {

void quarantine(const RawMessage& message, const Error& error, Batch& batch) {
  batch.quarantined.push_back(
      {message.received, place_of(message), name_of(error.code), error.message,
       std::string{message.payload.substr(0, Quarantined::payload_kept_bytes_max)},
       message.payload.size(), message_hash(message.topic, message.payload)});
}

Status take(const RawMessage& message, Decoder& decoder, LabelsFile* labels, Batch& batch) {
  Judged& item = batch.add();
  const Result<Decoded> decoded = decoder.decode(message, item.record, item.truth);
  if (decoded && *decoded == Decoded::record) {
    item.received = message.received;
    ++batch.received;
    return labels == nullptr ? Status{} : labels->join(item.record.key, item.truth);
  }
  batch.drop_last();
  if (decoded) return {};
  ++batch.received;
  quarantine(message, decoded.error(), batch);
  return {};
}

}  // namespace

Ingest::Ingest(std::unique_ptr<Source> source, std::unique_ptr<Decoder> decoder)
    : source_(std::move(source)), decoder_(std::move(decoder)) {
  expects(source_ != nullptr && decoder_ != nullptr, "ingest joins a source and a decoder");
}

Ingest::~Ingest() = default;

Status Ingest::read_labels(const std::string& path) {
  auto labels = LabelsFile::open(path);
  if (!labels) return labels.error();
  labels_ = std::move(labels).value();
  return {};
}

Result<Ingest::State> Ingest::pull(Batch& batch, std::chrono::milliseconds wait) {
  if (finished_) return State::end;
  // One pull, not as many as fit: while messages keep coming there would always be one more, and
  // the first would wait for a full batch (95 ms at 2,000 a second). Under load the source has
  // many. Bad messages count too: a file of nothing else must not grow the quarantine without
  // bound.
  const auto pulled = source_->pull(batch.records_max(), wait, [&](const RawMessage& message) {
    Status taken = take(message, *decoder_, labels_.get(), batch);
    if (joined_ && !taken) joined_ = std::move(taken);
  });
  if (!pulled) return pulled.error();
  if (!joined_) return joined_.error();
  if (*pulled == Pulled::some) return State::more;
  finished_ = true;
  if (const Status fine = decoder_->finish(); !fine) {
    return Error{fine.error().code,
                 fmt::format("{}: {}", source_->describe(), fine.error().message)};
  }
  if (labels_ != nullptr) {
    if (const Status whole = labels_->finish(); !whole) return whole.error();
  }
  return State::end;
}

Status Ingest::acknowledge() {
  return source_->acknowledge();
}
std::string Ingest::describe() const {
  return source_->describe();
}
bool Ingest::connected() const {
  return source_->connected();
}
std::uint64_t Ingest::bytes_done() const {
  return source_->bytes_done();
}
std::uint64_t Ingest::bytes_total() const {
  return source_->bytes_total();
}

}  // namespace vedette

#include "base/file.hpp"
#include "base/log.hpp"
#include "sink/sink.hpp"

namespace vedette {

namespace {

// A file of the wrong kind has a million bad lines; twenty say what is wrong with it.
constexpr std::uint64_t quarantined_logged_max = 20;

class JsonlSink final : public Sink {
 public:
  explicit JsonlSink(AtomicFile& out) : out_(out) {}
  std::string_view name() const override { return "jsonl"; }

  Status accept(Batch& batch, Time) override {
    for (const Quarantined& message : batch.quarantined) log_quarantined(message);
    // After a failed write the file may end in half a line: nothing may follow it.
    if (!failed_) return failed_;
    for (const Judged& judged : batch) {
      line_.clear();
      append_verdict_json(line_, judged);
      line_ += '\n';
      failed_ = out_.write(line_);
      if (!failed_) return failed_;
    }
    return {};
  }

  Status tick(AlarmChanges&, Time) override { return {}; }

 private:
  void log_quarantined(const Quarantined& message) {
    if (quarantined_ < quarantined_logged_max) {
      log::warn("{}: {}: {}", message.place, message.code, message.reason);
    } else if (quarantined_ == quarantined_logged_max) {
      log::warn("more messages were refused; from here on they are only counted");
    }
    ++quarantined_;
  }

  AtomicFile& out_;
  Status failed_;  // the first failure, or success
  std::string line_;
  std::uint64_t quarantined_ = 0;
};

}  // namespace

std::unique_ptr<Sink> make_jsonl_sink(AtomicFile& out) {
  return std::make_unique<JsonlSink>(out);
}

}  // namespace vedette

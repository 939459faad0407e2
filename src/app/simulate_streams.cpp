#include "app/simulate_streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/simulate_remap.hpp"
#include "app/tables.hpp"
#include "ingest/ingest.hpp"

namespace vedette {

namespace {

// ---- a fleet ------------------------------------------------------------------------------------

class FleetStream final : public SimulateStream {
 public:
  explicit FleetStream(const SimulateOptions& options)
      : fleet_(options.fleet), start_(options.fleet.start), between_(options.between) {
    if (options.length.count() > 0) end_ = start_ + options.length;
  }
  Result<Simulated*> next(SimulateReport&, const std::stop_token&) override {
    if (between_) between_(fleet_);
    fleet_.next(said_);
    if (end_ && said_.record.time >= *end_) return nullptr;
    return &said_;
  }
  void idle() override {
    if (between_) between_(fleet_);
  }
  std::vector<std::string> devices() const override { return fleet_.devices(); }
  Time start() const override { return start_; }

 private:
  FleetSimulator fleet_;
  Time start_;
  std::function<void(FleetSimulator&)> between_;
  Simulated said_;
  std::optional<Time> end_;
};

// ---- captures -----------------------------------------------------------------------------------

/// One capture, read a batch at a time.
class Capture {
 public:
  Capture(std::unique_ptr<Ingest> ingest, std::size_t batch)
      : ingest_(std::move(ingest)), batch_(batch) {}

  /// @return false at the end, and when `stop` is asked for.
  Result<bool> fill(SimulateReport& report, const std::stop_token& stop) {
    while (at_ == batch_.size()) {
      if (ended_ || stop.stop_requested()) return false;
      batch_.reset();
      at_ = 0;
      const Result<Ingest::State> state = ingest_->pull(batch_, std::chrono::milliseconds{100});
      if (!state) return state.error();
      ended_ = *state == Ingest::State::end;
      report.refused += batch_.quarantined.size();
      if (report.first_refusal.empty() && !batch_.quarantined.empty()) {
        const Quarantined& first = batch_.quarantined.front();
        report.first_refusal = first.place + ": " + first.reason;
      }
    }
    return true;
  }
  /// REQUIRES: fill() said true.
  Judged& head() { return batch_[at_]; }
  void drop_head() { ++at_; }

  Duration shift{0};  ///< added to every time

 private:
  std::unique_ptr<Ingest> ingest_;
  Batch batch_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

/// Merges captures: always the one whose next record is the earliest, the first named of equals.
class ReplayStream final : public SimulateStream {
 public:
  static Result<std::unique_ptr<SimulateStream>> open(const SimulateOptions& options,
                                                      const Clock& clock,
                                                      const std::stop_token& stop) {
    std::unique_ptr<ReplayStream> stream{new ReplayStream};
    if (!options.remap.empty()) {
      Result<AddressRemap> remap = AddressRemap::parse(options.remap, options.replay.size());
      if (!remap) return remap.error();
      stream->remap_ = std::move(remap).value();
    }
    // Together at most about 16,000 records (a kilobyte each) wait.
    const std::size_t batch = std::clamp<std::size_t>(16'384 / options.replay.size(), 16, 512);
    for (const std::filesystem::path& path : options.replay) {
      // Standard input cannot be looked at twice.
      auto opened = open_file(path, path == "-" ? "json" : "", clock);
      if (!opened) return opened.error();
      stream->captures_.emplace_back(std::move(opened).value(), batch);
    }
    if (Status begun = stream->begin(options.replay_times, clock.now(), stop); !begun) {
      return begun.error();
    }
    return std::unique_ptr<SimulateStream>{std::move(stream)};
  }

  Result<Simulated*> next(SimulateReport& report, const std::stop_token& stop) override {
    report.refused += std::exchange(early_.refused, 0);
    if (report.first_refusal.empty()) report.first_refusal.swap(early_.first_refusal);
    while (!heads_.empty()) {
      const std::size_t number = heads_.front().capture;
      std::pop_heap(heads_.begin(), heads_.end(), later);
      heads_.pop_back();
      Judged& head = captures_[number].head();
      std::swap(said_.record, head.record);
      std::swap(said_.truth, head.truth);
      captures_[number].drop_head();
      if (Status queued = queue(number, report, stop); !queued) return queued.error();
      if (stop.stop_requested()) return nullptr;
      const Result<bool> fits = rewrite(number, report);
      if (!fits) return fits.error();
      if (*fits) return &said_;
    }
    return nullptr;
  }
  Time start() const override { return start_; }

 private:
  struct Head {
    Time time;
    std::size_t capture;
  };
  static bool later(const Head& a, const Head& b) {
    return a.time != b.time ? a.time > b.time : a.capture > b.capture;
  }

  ReplayStream() = default;

  /// Looks at the first record of each capture, and decides how far each is shifted.
  Status begin(ReplayTimes times, Time now, const std::stop_token& stop) {
    for (std::size_t i = 0; i < captures_.size(); ++i) {
      if (Status queued = queue(i, early_, stop); !queued) return queued.error();
    }
    if (heads_.empty()) return {};
    start_ = heads_.front().time;
    if (times == ReplayTimes::original) return {};
    for (Head& head : heads_) {
      const Time first = times == ReplayTimes::together ? head.time : start_;
      captures_[head.capture].shift = now - first;
      head.time += now - first;
    }
    std::make_heap(heads_.begin(), heads_.end(), later);
    start_ = now;
    return {};
  }

  Status queue(std::size_t number, SimulateReport& report, const std::stop_token& stop) {
    const Result<bool> more = captures_[number].fill(report, stop);
    if (!more) return more.error();
    if (!*more) return {};
    Capture& capture = captures_[number];
    heads_.push_back({capture.head().record.time + capture.shift, number});
    std::push_heap(heads_.begin(), heads_.end(), later);
    return {};
  }

  /// @return false for a record that the shift moves out of what times can be.
  Result<bool> rewrite(std::size_t capture, SimulateReport& report) {
    constexpr Time low{};
    constexpr Time high{std::chrono::seconds{7'258'118'400}};  // 2200-01-01
    Record& record = said_.record;
    const Duration shift = captures_[capture].shift;
    bool changed = shift.count() != 0;
    record.time += shift;
    if (record.time < low || record.time >= high) {
      if (report.refused++ == 0) {
        report.first_refusal =
            fmt::format("a record of {}: shifted by {} s it is not between 1970 and 2199",
                        to_rfc3339(record.time - shift), shift.count() / 1'000'000);
      }
      return false;
    }
    if (remap_) {
      const Result<bool> moved = remap_->apply(capture, record);
      if (!moved) return moved.error();
      changed = changed || *moved;
    }
    if (changed) record.seal();
    return true;
  }

  std::vector<Capture> captures_;
  std::vector<Head> heads_;  ///< a heap, the earliest in front
  std::optional<AddressRemap> remap_;
  Time start_;
  SimulateReport early_;  ///< what was refused before the run began
  Simulated said_;
};

}  // namespace

Result<std::unique_ptr<SimulateStream>> open_stream(const SimulateOptions& options,
                                                    const Clock& clock,
                                                    const std::stop_token& stop) {
  if (!options.replay.empty()) return ReplayStream::open(options, clock, stop);
  return std::unique_ptr<SimulateStream>{std::make_unique<FleetStream>(options)};
}

}  // namespace vedette

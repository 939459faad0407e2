#include "app/simulate_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/simulate_pacer.hpp"
#include "app/simulate_streams.hpp"
#include "app/simulate_targets.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

using Steady = std::chrono::steady_clock;

// ---- what was asked for -------------------------------------------------------------------------

Status check_tempo(const SimulateOptions& options) {
  if (!(options.rate >= 0) || options.rate > SimulateOptions::rate_max) {
    return Error{Errc::out_of_range,
                 fmt::format("the rate is 0 to 10 million messages/s, not {}", options.rate)};
  }
  if (!options.speed) return {};
  const double speed = *options.speed;
  if (!(speed == 0 || (speed >= 1e-3 && speed <= SimulateOptions::speed_max))) {
    return Error{
        Errc::out_of_range,
        fmt::format("the speed is 0 (as fast as possible) or 0.001 to a million, not {}", speed)};
  }
  if (options.rate > 0) {
    return Error{Errc::mismatch, fmt::format("a rate of {} messages/s and a speed of {} contradict "
                                             "each other: say one of them",
                                             options.rate, speed)};
  }
  if (!is_broker(options.to)) {
    return Error{Errc::mismatch,
                 fmt::format("a speed is for brokers: {} is written as fast as possible",
                             vedette::quoted(options.to))};
  }
  return {};
}

Error only_for(std::string_view what, std::string_view whom) {
  return Error{Errc::mismatch, fmt::format("{} is for {}", what, whom)};
}

Status check_replay(const SimulateOptions& options) {
  if (options.replay.empty()) {
    if (!options.remap.empty()) return only_for("remap", "replayed captures");
    if (options.replay_times != ReplayTimes::original) {
      return only_for("replay_times", "replayed captures");
    }
    return {};
  }
  if (options.replay.size() > SimulateOptions::captures_max) {
    return Error{Errc::too_large,
                 fmt::format("{} captures at once, at most {} are interleaved",
                             options.replay.size(), SimulateOptions::captures_max)};
  }
  if (options.per_device) {
    return only_for("one connection per device",
                    "fleets: nobody knows the devices of a capture beforehand");
  }
  return {};
}

Status check_broker_words(const SimulateOptions& options) {
  if (options.qos < 0 || options.qos > 2) {
    return Error{Errc::out_of_range, fmt::format("the QoS is 0, 1 or 2, not {}", options.qos)};
  }
  const std::string_view truth = options.truth_topic;
  if (!is_broker(options.to)) {
    if (options.per_device) return only_for("one connection per device", "brokers");
    if (!truth.empty()) return only_for("a truth topic", "brokers; files have labels beside them");
    return {};
  }
  if (truth == "iot" || truth.starts_with("iot/")) {
    return Error{Errc::mismatch,
                 fmt::format("truth topic {}: lies where detectors read, below iot/",
                             vedette::quoted(truth))};
  }
  if (truth.find_first_of("+#") != std::string_view::npos || truth.starts_with('$') ||
      truth.ends_with('/') || !is_utf8(truth)) {
    return Error{Errc::malformed, fmt::format("truth topic {}: is no topic to publish below",
                                              vedette::quoted(truth))};
  }
  return {};
}

Status check_fleet(const SimulateOptions& options) {
  if (is_file(options.to) && options.length.count() == 0 && options.messages_max == 0) {
    return Error{Errc::missing_field,
                 fmt::format("{}: a file needs a duration or a number of messages, for the fleet "
                             "never ends",
                             options.to)};
  }
  constexpr Duration century = std::chrono::days{36'525};
  constexpr Time latest{std::chrono::seconds{4'102'444'800}};  // 2100-01-01
  if (options.fleet.start < Time{} || options.fleet.start > latest || options.length > century) {
    return Error{Errc::out_of_range,
                 "a fleet starts between 1970 and 2100 and lives a hundred years at most"};
  }
  return check(options.fleet);
}

Status check_options(const SimulateOptions& options) {
  if (Status fine = check_tempo(options); !fine) return fine;
  if (Status fine = check_broker_words(options); !fine) return fine;
  if (Status fine = check_replay(options); !fine) return fine;
  if (options.length.count() < 0) {
    return Error{Errc::out_of_range, "the duration is not negative"};
  }
  return options.replay.empty() ? check_fleet(options) : Status{};
}

/// The fleet's start, pace and bound in the light of clock, target and rate.
SimulateOptions settled(SimulateOptions options, const Clock& clock) {
  if (options.fleet.start == Time{}) {
    options.fleet.start = is_broker(options.to) ? clock.now() : SimulateOptions::files_start;
  }
  if (holds_flows_only(options.to)) options.fleet.readings = false;
  if (options.rate <= 0 || !is_broker(options.to) || !options.replay.empty()) return options;
  options.fleet.pace =
      std::clamp(options.rate / usual_rate(options.fleet), 1e-6, FleetPlan::pace_max);
  if (options.length.count() > 0) {
    const double seconds = static_cast<double>(options.length.count()) / 1e6;
    const auto messages = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::llround(seconds * options.rate)));
    if (options.messages_max == 0 || messages < options.messages_max) {
      options.messages_max = messages;
    }
    options.length = Duration{0};
  }
  return options;
}

Pacer pacer_for(const SimulateOptions& options, Time start) {
  if (options.rate > 0) return Pacer::by_rate(options.rate);
  const double speed = is_broker(options.to) ? options.speed.value_or(1) : 0;
  return speed > 0 ? Pacer::by_time(start, speed) : Pacer::free();
}

// ---- the run ------------------------------------------------------------------------------------

/// Counts by name without a look into a map for each record: labels come in runs, and there are
/// few.
class LabelCounts {
 public:
  void add(std::string_view label) {
    if (last_ >= counts_.size() || counts_[last_].first != label) find(label);
    ++counts_[last_].second;
  }
  std::map<std::string, std::uint64_t> sorted() const { return {counts_.begin(), counts_.end()}; }

 private:
  static constexpr std::size_t names_max = 4096;
  void find(std::string_view label) {
    for (last_ = 0; last_ < counts_.size(); ++last_) {
      if (counts_[last_].first == label) return;
    }
    if (counts_.size() < names_max) {
      counts_.emplace_back(label, 0);
    } else if (label != "(other)") {
      find("(other)");  // one name more than names_max
    } else {
      counts_.emplace_back(label, 0);
    }
  }
  std::vector<std::pair<std::string, std::uint64_t>> counts_;
  std::size_t last_ = 0;
};

/// Tells the progress bar now and then: it looks at the clock each time.
constexpr std::uint64_t progress_step = 64;

struct Run {
  const SimulateOptions& options;
  SimulateStream& stream;
  SimulateTarget& target;
  const std::stop_token& stop;
  SimulateReport& report;
  LabelCounts labels{};
  Status idle{};

  Status move_records();
  /// @return false when the run is over.
  Result<bool> move_one(Pacer& pacer, const Pacer::Idle& while_waiting);
};

Result<bool> Run::move_one(Pacer& pacer, const Pacer::Idle& while_waiting) {
  const Result<Simulated*> next = stream.next(report, stop);
  if (!next) return next.error();
  if (*next == nullptr) return false;
  Simulated& said = **next;
  pacer.wait(said.record.time, stop, while_waiting);
  if (!idle) return idle.error();
  if (stop.stop_requested()) return false;
  const Result<SimulateTarget::Put> put = target.put(said, stop);
  if (!put) return put.error();
  switch (*put) {
    case SimulateTarget::Put::done:
      ++report.sent;
      labels.add(said.truth.label);
      return true;
    case SimulateTarget::Put::no_place:
      ++(said.topic.empty() ? report.skipped : report.skipped_messages);
      return true;
    case SimulateTarget::Put::stopped:
      break;
  }
  return false;
}

Status Run::move_records() {
  Pacer pacer = pacer_for(options, stream.start());
  const Pacer::Idle while_waiting = [this] {
    stream.idle();
    if (idle) idle = target.idle(stop);
  };
  Progress progress("simulate", options.messages_max, options.progress);
  std::uint64_t told = 0;
  const Steady::time_point begun = Steady::now();
  while (options.messages_max == 0 || report.sent < options.messages_max) {
    const Result<bool> more = move_one(pacer, while_waiting);
    if (!more) return more.error();
    if (!*more) break;
    if (report.sent - told < progress_step) continue;
    progress.advance(report.sent - told);
    told = report.sent;
  }
  progress.finish();
  const double seconds = std::chrono::duration<double>(Steady::now() - begun).count();
  report.rate_asked = options.rate;
  report.rate_kept = seconds > 0 ? static_cast<double>(report.sent) / seconds : 0;
  report.labels = labels.sorted();
  report.stopped = stop.stop_requested();
  return {};
}

}  // namespace

void append_topic(std::string& out, const Record& record) {
  out += "iot/";
  for (const char letter : record.device) {
    out += letter == '/' || letter == '+' || letter == '#' ? '_' : letter;
  }
  out += record.kind == RecordKind::flow ? "/flow" : "/sensor";
}

std::string rate_text(const SimulateReport& report) {
  if (report.rate_asked <= 0) return {};
  return fmt::format("{:.0f} messages/s asked for, {:.0f} kept ({:+.1f} %)", report.rate_asked,
                     report.rate_kept, (report.rate_kept / report.rate_asked - 1) * 100);
}

Result<SimulateReport> run_simulate(const SimulateOptions& options, const Clock& clock,
                                    std::stop_token stop, const MakePublisher& make_publisher) {
  if (const Status fine = check_options(options); !fine) return fine.error();
  const SimulateOptions chosen = settled(options, clock);
  const auto stream = open_stream(chosen, clock, stop);
  if (!stream) return stream.error();
  const std::vector<std::string> devices =
      chosen.per_device ? (*stream)->devices() : std::vector<std::string>{};
  const auto target = open_target(chosen, devices, make_publisher);
  if (!target) return target.error();
  SimulateReport report;
  const Steady::time_point begun = Steady::now();
  Run run{chosen, **stream, **target, stop, report};
  if (const Status moved = run.move_records(); !moved) return moved.error();
  if (report.stopped && is_file(options.to)) {
    return Error{Errc::cancelled, fmt::format("stopped: {} was not written", options.to)};
  }
  if (const Status finished = (*target)->finish(stop, report); !finished) return finished.error();
  report.seconds = std::chrono::duration<double>(Steady::now() - begun).count();
  return report;
}

}  // namespace vedette

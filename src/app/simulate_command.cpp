#include "app/simulate_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "codec/codec.hpp"
#include "ingest/ingest.hpp"
#include "source/source.hpp"

namespace vedette {

namespace {

using Steady = std::chrono::steady_clock;

// ---- where records come from ----------------------------------------------------------------

class Stream {
 public:
  virtual ~Stream() = default;
  /// The next record, or null at the end. It is valid until the next call.
  virtual Result<const LabelledRecord*> next(SimulateReport& report) = 0;
};

class FleetStream final : public Stream {
 public:
  explicit FleetStream(const SimulateOptions& options)
      : fleet_(options.fleet), between_(options.between) {
    if (options.length.count() > 0) end_ = options.fleet.start + options.length;
  }
  Result<const LabelledRecord*> next(SimulateReport&) override {
    if (between_) between_(fleet_);
    fleet_.next(said_);
    if (end_ && said_.record.time >= *end_) return nullptr;
    std::swap(record_.record, said_.record);
    std::swap(record_.truth, said_.truth);
    return &record_;
  }

 private:
  FleetSimulator fleet_;
  std::function<void(FleetSimulator&)> between_;
  Simulated said_;
  LabelledRecord record_;
  std::optional<Time> end_;
};

Result<std::unique_ptr<Ingest>> open_recording(const std::filesystem::path& path,
                                               const Clock& clock) {
  std::optional<std::string_view> format = "json";  // standard input cannot be looked at twice
  if (path != "-") {
    Result<MappedFile> file = MappedFile::open(path);
    if (!file) return file.error();
    format = sniff_format(file->text().substr(0, 64U << 10U));
  }
  if (!format) {
    return Error{Errc::unsupported,
                 fmt::format("{}: is neither a Zeek log, nor JSON, nor CSV", path.string())};
  }
  Result<std::unique_ptr<Source>> source = open_file_source(path, clock);
  if (!source) return source.error();
  std::unique_ptr<Decoder> decoder = *format == "zeek"  ? make_zeek_log_decoder()
                                     : *format == "csv" ? make_csv_decoder()
                                                        : make_json_decoder();
  return std::make_unique<Ingest>(std::move(*source), std::move(decoder));
}

class ReplayStream final : public Stream {
 public:
  ReplayStream(const std::vector<std::filesystem::path>& paths, const Clock& clock)
      : paths_(paths), clock_(clock) {}

  Result<const LabelledRecord*> next(SimulateReport& report) override {
    while (at_ == batch_.size()) {
      Result<bool> filled = fill(report);
      if (!filled) return filled.error();
      if (!*filled) return nullptr;
    }
    Judged& judged = batch_[at_++];
    std::swap(current_.record, judged.record);
    std::swap(current_.truth, judged.truth);
    return &current_;
  }

 private:
  /// @return false when all files are at their end.
  Result<bool> fill(SimulateReport& report) {
    batch_.reset();
    at_ = 0;
    if (ingest_ == nullptr) {
      if (next_path_ == paths_.size()) return false;
      Result<std::unique_ptr<Ingest>> opened = open_recording(paths_[next_path_++], clock_);
      if (!opened) return opened.error();
      ingest_ = std::move(*opened);
    }
    const Result<Ingest::State> state = ingest_->pull(batch_, std::chrono::milliseconds{100});
    if (!state) return state.error();
    report.refused += batch_.quarantined.size();
    if (report.first_refusal.empty() && !batch_.quarantined.empty()) {
      const Quarantined& first = batch_.quarantined.front();
      report.first_refusal = first.place + ": " + first.reason;
    }
    if (*state == Ingest::State::end) ingest_.reset();
    return true;
  }

  const std::vector<std::filesystem::path>& paths_;
  const Clock& clock_;
  std::size_t next_path_ = 0;
  std::unique_ptr<Ingest> ingest_;
  Batch batch_{512};
  std::size_t at_ = 0;
  LabelledRecord current_;
};

// ---- where records go -------------------------------------------------------------------------

class Target {
 public:
  virtual ~Target() = default;
  /// @return false when this target has no place for such a record.
  virtual Result<bool> put(const LabelledRecord& labelled, const std::stop_token& stop) = 0;
  virtual Status finish(const std::stop_token& stop) = 0;
};

class ZeekTarget final : public Target {
 public:
  explicit ZeekTarget(AtomicFile file) : file_(std::move(file)) { append_zeek_header(line_); }

  Result<bool> put(const LabelledRecord& labelled, const std::stop_token&) override {
    if (labelled.record.kind != RecordKind::flow) return false;
    append_zeek_line(line_, labelled.record, labelled.truth);
    if (const Status written = flush(); !written) return written.error();
    return true;
  }
  Status finish(const std::stop_token&) override {
    if (Status written = flush(); !written) return written;  // the header, when nothing came
    return file_.commit();
  }

 private:
  Status flush() {
    Status written = file_.write(line_);
    line_.clear();
    return written;
  }
  AtomicFile file_;
  std::string line_;
};

class JsonTarget final : public Target {
 public:
  JsonTarget(AtomicFile file, std::optional<AtomicFile> labels)
      : file_(std::move(file)), labels_(std::move(labels)) {}

  Result<bool> put(const LabelledRecord& labelled, const std::stop_token&) override {
    line_.clear();
    append_record_json(line_, labelled.record);
    // The device has no topic to stand in, so it goes first into the object.
    device_.assign("{\"device\":");
    append_json_string(device_, labelled.record.device);
    device_ += ',';
    line_.replace(0, 1, device_);
    line_ += '\n';
    if (const Status written = file_.write(line_); !written) return written.error();
    if (!labels_ || !labelled.truth.known()) return true;
    line_ = fmt::format("{{\"key\":\"{}\",\"label\":", to_text(labelled.record.key));
    append_json_string(line_, labelled.truth.label);
    line_ += "}\n";
    if (const Status written = labels_->write(line_); !written) return written.error();
    return true;
  }
  Status finish(const std::stop_token&) override {
    if (labels_) {
      if (Status kept = labels_->commit(); !kept) return kept;
    }
    return file_.commit();
  }

 private:
  AtomicFile file_;
  std::optional<AtomicFile> labels_;
  std::string line_;
  std::string device_;
};

class MqttTarget final : public Target {
 public:
  MqttTarget(std::unique_ptr<MqttPublisher> publisher, const SimulateOptions& options)
      : publisher_(std::move(publisher)), options_(options) {}

  Result<bool> put(const LabelledRecord& labelled, const std::stop_token& stop) override {
    topic_.clear();
    append_topic(topic_, labelled.record);
    payload_.clear();
    append_record_json(payload_, labelled.record);
    Steady::time_point give_up = Steady::now() + options_.confirm_wait;
    while (true) {
      const Status sent = publisher_->publish(topic_, payload_, options_.qos, false);
      if (sent.ok()) return true;
      if (sent.error().code != Errc::busy) return sent.error();
      if (stop.stop_requested()) return Error{Errc::cancelled, "stopped"};
      if (Steady::now() > give_up) return silent_broker();
      // Half of the queue leaves at once: fewer wake-ups than one slot at a time.
      const Status room = publisher_->wait_drained(queued_max / 2, std::chrono::milliseconds{200});
      if (room.ok()) give_up = Steady::now() + options_.confirm_wait;
    }
  }

  Status finish(const std::stop_token& stop) override {
    // Ctrl-C gets a shorter wait, not none: what is on its way should be confirmed.
    const auto wait = [&] {
      return stop.stop_requested() ? std::chrono::seconds{3} : options_.confirm_wait;
    };
    const Steady::time_point begun = Steady::now();
    while (!publisher_->wait_drained(0, std::chrono::milliseconds{200}).ok()) {
      if (Steady::now() - begun > wait()) return silent_broker();
    }
    return {};
  }

  static constexpr std::size_t queued_max = 10'000;

 private:
  Error silent_broker() const {
    return Error{Errc::unavailable,
                 fmt::format("{}: the broker did not confirm what was sent to it within {} s",
                             options_.to, options_.confirm_wait.count())};
  }

  std::unique_ptr<MqttPublisher> publisher_;
  SimulateOptions options_;
  std::string topic_;
  std::string payload_;
};

bool is_broker(std::string_view to) {
  return to.starts_with("mqtt://") || to.starts_with("mqtts://");
}

using TargetResult = Result<std::unique_ptr<Target>>;

TargetResult open_broker(SimulateOptions options, const MakePublisher& make) {
  Result<MqttUri> uri = parse_mqtt_uri(options.to);
  if (!uri) return uri.error();
  options.to = uri->printable();
  options.connection.broker = *uri;
  Result<std::unique_ptr<MqttPublisher>> publisher =
      make ? make(options.connection)
           : MqttPublisher::create(options.connection, MqttTarget::queued_max);
  if (!publisher) return publisher.error();
  if (const Status there = (*publisher)->wait_connected(options.connect_wait); !there) {
    return there.error();
  }
  return TargetResult{std::make_unique<MqttTarget>(std::move(*publisher), options)};
}

TargetResult open_target(const SimulateOptions& options, const MakePublisher& make) {
  if (is_broker(options.to)) return open_broker(options, make);
  const std::filesystem::path path = options.to;
  if (path != "-" && path.extension() != ".log" && path.extension() != ".jsonl") {
    return Error{Errc::unsupported,
                 fmt::format("{} is neither mqtt://…, nor a .log or .jsonl file, nor -",
                             vedette::quoted(options.to))};
  }
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  if (path.extension() == ".log")
    return TargetResult{std::make_unique<ZeekTarget>(std::move(*file))};
  if (path == "-")
    return TargetResult{std::make_unique<JsonTarget>(std::move(*file), std::nullopt)};
  Result<AtomicFile> labels =
      AtomicFile::create(std::filesystem::path{path}.replace_extension(".labels.jsonl"));
  if (!labels) return labels.error();
  return TargetResult{std::make_unique<JsonTarget>(std::move(*file), std::move(*labels))};
}

// ---- how fast ---------------------------------------------------------------------------------

/// Holds records back until they are due: by a token bucket, by their own time, or not at all.
class Pacer {
 public:
  static Pacer free() { return Pacer{}; }
  static Pacer by_rate(double rate) {
    Pacer pacer;
    pacer.rate_ = rate;
    return pacer;
  }
  static Pacer real_time(Time start) {
    Pacer pacer;
    pacer.start_ = start;
    return pacer;
  }

  void wait(Time due, const std::stop_token& stop) {
    if (start_) return sleep_until(begun_ + (due - *start_), stop);
    if (rate_ <= 0) return;
    refill();
    if (tokens_ < 1) {
      // Sleeps for a millisecond's worth at least: at 50,000/s one sleep a message costs too much.
      const double missing = std::max(1 - tokens_, rate_ / 1000);
      const std::chrono::duration<double> pause{missing / rate_};
      sleep_until(refilled_ + std::chrono::duration_cast<Steady::duration>(pause), stop);
      refill();
    }
    tokens_ -= 1;
  }

 private:
  void refill() {
    const Steady::time_point now = Steady::now();
    const double passed = std::chrono::duration<double>(now - refilled_).count();
    // A quarter of a second can be caught up after a hiccup of the machine or the broker.
    tokens_ = std::min(tokens_ + passed * rate_, std::max(1.0, rate_ / 4));
    refilled_ = now;
  }
  void sleep_until(Steady::time_point due, const std::stop_token& stop) {
    if (due <= Steady::now()) return;
    std::unique_lock lock(mutex_);
    sleeper_.wait_until(lock, stop, due, [] { return false; });
  }

  Pacer() = default;
  Pacer(Pacer&& other) noexcept : rate_(other.rate_), start_(other.start_) {}

  double rate_ = 0;
  std::optional<Time> start_;
  Steady::time_point begun_ = Steady::now();
  double tokens_ = 0;
  Steady::time_point refilled_ = Steady::now();
  std::mutex mutex_;
  std::condition_variable_any sleeper_;
};

// ---- the run ----------------------------------------------------------------------------------

Status check_options(const SimulateOptions& options) {
  if (!(options.rate >= 0) || options.rate > 1e7) {
    return Error{Errc::out_of_range,
                 fmt::format("the rate is 0 to 10 million messages/s, not {}", options.rate)};
  }
  if (options.qos < 0 || options.qos > 2) {
    return Error{Errc::out_of_range, fmt::format("the QoS is 0, 1 or 2, not {}", options.qos)};
  }
  if (options.length.count() < 0) {
    return Error{Errc::out_of_range, "the duration is not negative"};
  }
  if (!options.replay.empty()) return {};
  const bool file = !is_broker(options.to) && options.to != "-";
  if (file && options.length.count() == 0 && options.messages_max == 0) {
    return Error{Errc::missing_field,
                 fmt::format("{}: a file needs a duration or a number of messages, for the fleet "
                             "never ends",
                             options.to)};
  }
  return check(options.fleet);
}

/// The fleet's start, pace and bound in the light of clock and rate.
SimulateOptions settled(SimulateOptions options, const Clock& clock) {
  if (options.fleet.start == Time{}) options.fleet.start = clock.now();
  if (options.rate <= 0 || !is_broker(options.to) || !options.replay.empty()) return options;
  // One flow and one reading every five seconds at pace 1 (simulator.hpp).
  const double usual_rate = static_cast<double>(options.fleet.devices) * 0.4;
  options.fleet.pace = std::clamp(options.rate / usual_rate, 1e-6, FleetPlan::pace_max);
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

std::unique_ptr<Stream> open_stream(const SimulateOptions& options, const Clock& clock) {
  if (!options.replay.empty()) return std::make_unique<ReplayStream>(options.replay, clock);
  return std::make_unique<FleetStream>(options);
}

Pacer pacer_for(const SimulateOptions& options) {
  if (options.rate > 0) return Pacer::by_rate(options.rate);
  if (is_broker(options.to) && options.replay.empty()) return Pacer::real_time(options.fleet.start);
  return Pacer::free();
}

/// Moves records until the end, the bound or the stop.
Status move_records(const SimulateOptions& options, Stream& stream, Target& target,
                    const std::stop_token& stop, SimulateReport& report) {
  Pacer pacer = pacer_for(options);
  Progress progress("simulate", options.messages_max, options.progress);
  while (options.messages_max == 0 || report.sent < options.messages_max) {
    const Result<const LabelledRecord*> next = stream.next(report);
    if (!next) return next.error();
    if (*next == nullptr) break;
    pacer.wait((*next)->record.time, stop);
    if (stop.stop_requested()) break;
    const Result<bool> put = target.put(**next, stop);
    if (!put && put.error().code == Errc::cancelled) break;
    if (!put) return put.error();
    if (!*put) {
      ++report.skipped;
      continue;
    }
    ++report.sent;
    ++report.labels[(*next)->truth.label];
    progress.advance();
  }
  progress.finish();
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

Result<SimulateReport> run_simulate(const SimulateOptions& options, const Clock& clock,
                                    std::stop_token stop, const MakePublisher& make_publisher) {
  if (const Status fine = check_options(options); !fine) return fine.error();
  Result<std::unique_ptr<Target>> target = open_target(options, make_publisher);
  if (!target) return target.error();
  const SimulateOptions chosen = settled(options, clock);
  const std::unique_ptr<Stream> stream = open_stream(chosen, clock);
  SimulateReport report;
  const Steady::time_point begun = Steady::now();
  if (const Status moved = move_records(chosen, *stream, **target, stop, report); !moved) {
    return moved.error();
  }
  if (report.stopped && !is_broker(options.to) && options.to != "-") {
    return Error{Errc::cancelled, fmt::format("stopped: {} was not written", options.to)};
  }
  if (const Status finished = (*target)->finish(stop); !finished) return finished.error();
  report.seconds = std::chrono::duration<double>(Steady::now() - begun).count();
  return report;
}

}  // namespace vedette

/// The file to read first. One message walks
///   source → decode → record → features → model → verdict → sinks, and only then is acknowledged.
#include "pipeline/pipeline.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "alarm/alarm.hpp"
#include "base/expects.hpp"
#include "base/log.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/judging.hpp"
#include "pipeline/state_file.hpp"
#include "sink/sink.hpp"

namespace vedette {

struct Pipeline::Impl {
  std::unique_ptr<Ingest> ingest;
  std::vector<std::unique_ptr<Sink>> sinks;
  const Clock& clock;
  PipelineOptions options;
  std::atomic<std::shared_ptr<const DetectorSet>> detectors;
  Batch batch;
  Judging judging;
  Time last_delivery;
  Time last_tick;
  AlarmChanges changes;
  std::optional<StateFile> state;
  Time last_save;
  bool undelivered = false;  // the line ended between judging and delivering
  mutable std::mutex looking;
  MemoryLook memory;
  std::array<DriftLook, record_kind_count> drift;
};

Result<bool> Pipeline::step(std::stop_token stop) {
  Impl& line = *impl_;
  line.batch.reset();
  keep_spacing();
  const auto pulled = line.ingest->pull(line.batch, line.options.wait);  // source → decode → record
  counters_.received += line.batch.received;
  if (!line.batch.empty()) {
    const Time begun = line.clock.now();
    line.judging.judge(line.batch, *line.detectors.load());  // features → model → verdict
    if (line.options.exclusions != nullptr) line.options.exclusions->mark(line.batch);
    line.undelivered = true;
    if (Status done = deliver(stop); !done) return done.error();  // → sinks
    line.undelivered = false;
    if (Status done = line.ingest->acknowledge(); !done) return done.error();
    line.last_delivery = line.clock.now();
    counters_.last_batch_micros = (line.last_delivery - begun).count();
    counters_.last_batch_size = line.batch.received;
  }
  tick();
  if (!pulled) return pulled.error();
  return *pulled == Ingest::State::end;
}

Status Pipeline::run(std::stop_token stop) {
  Status done;
  while (!stop.stop_requested()) {
    const Result<bool> ended = step(stop);
    if (ended && *ended) break;
    if (!ended && ended.error().code == Errc::cancelled) break;
    // A broker that is away is waited for; the source has already said so and paces itself.
    if (!ended && ended.error().code != Errc::unavailable) {
      done = ended.error();
      break;
    }
  }
  if (impl_->state) {
    // What is still being written is older than what the line knows now: it must not be the last.
    note_failure(impl_->state->finish());
    // What was judged and not delivered comes again: it must not be known then.
    if (!impl_->undelivered) save_state();
    note_failure(impl_->state->finish());
    note_saved();
  }
  return done;
}

namespace {

/// Asks a durable sink until it accepts, with growing pauses: nothing is acknowledged meanwhile, so
/// the broker keeps what is to come. @return cancelled when `stop` was requested first.
Status accept_for_sure(Sink& sink, Batch& batch, const Clock& clock, const PipelineOptions& options,
                       Counters& counters, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  for (auto wait = options.retry_min;; wait = std::min(wait * 2, options.retry_max)) {
    const Status done = sink.accept(batch, clock.now());
    if (done) {
      if (counters.degraded.exchange(false)) log::info("{}: accepts again", sink.name());
      return {};
    }
    ++counters.sink_failures;
    counters.degraded = true;
    log::error("{}: {}; {} messages wait, trying again in {} ms", sink.name(), done.error().message,
               batch.received, wait.count());
    std::unique_lock lock{mutex};
    pause.wait_for(lock, stop, wait, [] { return false; });
    if (stop.stop_requested()) return Error{Errc::cancelled, "stopped while the sink refused"};
  }
}

}  // namespace

Status Pipeline::deliver(std::stop_token stop) {
  Impl& line = *impl_;
  for (const auto& sink : line.sinks) {
    if (sink->durable()) {
      Status done = accept_for_sure(*sink, line.batch, line.clock, line.options, counters_, stop);
      if (!done) return done;
    } else if (const Status done = sink->accept(line.batch, line.clock.now()); !done) {
      ++counters_.sink_failures;
      log::warn("{}: {}", sink->name(), done.error().message);
    }
  }
  for (const Judged& judged : line.batch) {
    counters_.duplicates += judged.is_new ? 0 : 1;
    counters_.anomalies += judged.is_new && judged.verdict.anomalous ? 1 : 0;
    counters_.excluded += judged.is_new && judged.verdict.excluded != 0 ? 1 : 0;
    (judged.record.kind == RecordKind::flow ? counters_.flows : counters_.readings) += 1;
  }
  counters_.verdicts += line.batch.size();
  counters_.quarantined += line.batch.quarantined.size();
  return {};
}

void Pipeline::keep_spacing() {
  const auto gone = impl_->clock.now() - impl_->last_delivery;
  const auto spacing = impl_->options.spacing;
  if (gone >= Duration{0} && gone < spacing) std::this_thread::sleep_for(spacing - gone);
}

void Pipeline::tick() {
  Impl& line = *impl_;
  const Time now = line.clock.now();
  // Either direction: a clock that was set back must not stop the ticks.
  if (std::chrono::abs(now - line.last_tick) < std::chrono::seconds{1}) return;
  line.last_tick = now;
  look_around();
  if (std::chrono::abs(now - line.last_save) >= line.options.state_every) save_state();
  line.changes.clear();
  for (const auto& sink : line.sinks) {
    const Status done = sink->tick(line.changes, now);
    if (!done) {
      ++counters_.sink_failures;
      log::warn("{}: {}", sink->name(), done.error().message);
    }
    // Known before a message has to wait for it.
    if (!sink->durable()) continue;
    if (counters_.degraded.exchange(!done.ok()) && done)
      log::info("{}: accepts again", sink->name());
  }
}

/// What others may ask of what only this thread may touch.
void Pipeline::look_around() {
  Impl& line = *impl_;
  const DeviceWindows& windows = line.judging.windows();
  const std::lock_guard lock{line.looking};
  line.memory.series = windows.series();
  line.memory.sources = windows.sources();
  line.memory.series_evicted = windows.series_evicted();
  line.memory.sources_evicted = windows.sources_evicted();
  line.memory.too_late = windows.too_late();
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    DriftLook& drift = line.drift[static_cast<std::size_t>(kind)];
    const std::uint64_t notices = drift.model.empty() ? 0 : drift.notices;
    drift = line.judging.drift(kind);
    if (drift.notices > notices) log::warn("drift of {}s: {}", name_of(kind), drift.sentence);
  }
}

void Pipeline::save_state() {
  Impl& line = *impl_;
  if (!line.state) return;
  const Time now = line.clock.now();
  line.last_save = now;
  note_failure(
      line.state->save(line.judging.windows(), features_fingerprint(*line.detectors.load()), now));
  note_saved();
}

void Pipeline::note_saved() {
  const std::lock_guard lock{impl_->looking};
  if (const auto written = impl_->state->written()) impl_->memory.saved = *written;
}

/// A state that cannot be written costs a warm-up after the next start, not a record now.
void Pipeline::note_failure(const Status& saved) {
  if (saved) return;
  ++counters_.sink_failures;
  log::warn("state of the devices: {}", saved.error().message);
}

void Pipeline::restore_state() {
  Impl& line = *impl_;
  if (line.options.state_file.empty()) return;
  line.state.emplace(line.options.state_file);
  line.last_save = line.clock.now();
  line.memory.restored = line.state->restore(
      line.judging.windows(), features_fingerprint(*line.detectors.load()), line.last_save);
  log::info("state of the devices: {}", line.memory.restored);
}

std::array<DriftLook, record_kind_count> Pipeline::drift() const {
  const std::lock_guard lock{impl_->looking};
  return impl_->drift;
}

MemoryLook Pipeline::memory() const {
  const std::lock_guard lock{impl_->looking};
  return impl_->memory;
}

Pipeline::Pipeline(std::unique_ptr<Ingest> ingest, std::shared_ptr<const DetectorSet> detectors,
                   std::vector<std::unique_ptr<Sink>> sinks, const Clock& clock,
                   PipelineOptions options)
    : impl_(new Impl{std::move(ingest),
                     std::move(sinks),
                     clock,
                     options,
                     std::move(detectors),
                     Batch{options.batch_records_max},
                     Judging{},
                     Time{},
                     Time{},
                     {},
                     {},
                     Time{},
                     false,
                     {},
                     {},
                     {}}) {
  expects(impl_->detectors.load() != nullptr, "a pipeline has a detector set, maybe an empty one");
  restore_state();
}

Pipeline::~Pipeline() = default;

void Pipeline::swap(std::shared_ptr<const DetectorSet> detectors) {
  expects(detectors != nullptr, "a pipeline has a detector set, maybe an empty one");
  impl_->detectors.store(std::move(detectors));
}

std::shared_ptr<const DetectorSet> Pipeline::detectors() const {
  return impl_->detectors.load();
}
std::string Pipeline::describe_source() const {
  return impl_->ingest->describe();
}
bool Pipeline::source_connected() const {
  return impl_->ingest->connected();
}

CountersSnapshot look_at(const Counters& counters) {
  CountersSnapshot look{};
  // `received` grows first and is read last, so the difference cannot be negative.
  look.verdicts = counters.verdicts;
  look.quarantined = counters.quarantined;
  look.duplicates = counters.duplicates;
  look.excluded = counters.excluded;
  look.anomalies = counters.anomalies;
  look.flows = counters.flows;
  look.readings = counters.readings;
  look.sink_failures = counters.sink_failures;
  look.received = counters.received;
  look.waiting = look.received - look.verdicts - look.quarantined;
  return look;
}

}  // namespace vedette

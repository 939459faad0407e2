/// The file to read first. One message walks
///   source → decode → record → features → model → verdict → sinks, and only then is acknowledged.
#include "pipeline/pipeline.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "alarm/exclusions.hpp"
#include "base/expects.hpp"
#include "base/log.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/judging.hpp"
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
    if (Status done = deliver(stop); !done) return done.error();  // → sinks
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
  while (!stop.stop_requested()) {
    const Result<bool> ended = step(stop);
    if (ended && *ended) return {};
    if (!ended && ended.error().code == Errc::cancelled) return {};
    // A broker that is away is waited for; the source has already said so and paces itself.
    if (!ended && ended.error().code != Errc::unavailable) return ended.error();
  }
  return {};
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
  line.changes.clear();
  for (const auto& sink : line.sinks) {
    if (const Status done = sink->tick(line.changes, now); !done) {
      ++counters_.sink_failures;
      log::warn("{}: {}", sink->name(), done.error().message);
    }
  }
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
                     {}}) {
  expects(impl_->detectors.load() != nullptr, "a pipeline has a detector set, maybe an empty one");
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

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/progress.hpp"
#include "sink/sink.hpp"

namespace vedette {

Status run_score(const ScoreOptions& options, const Clock& clock, std::stop_token stop) {
  auto detectors = detectors_with(options.model);
  if (!detectors) return detectors.error();
  auto ingest = open_file(options.input, options.format, clock);
  if (!ingest) return ingest.error();
  auto out = AtomicFile::create(options.out);
  if (!out) return out.error();

  const Ingest& input = **ingest;
  Progress progress{"scoring", input.bytes_total()};
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(make_jsonl_sink(*out));
  Pipeline pipeline{std::move(ingest).value(), *detectors, std::move(sinks), clock, {}};
  std::uint64_t reported = 0;
  for (bool ended = false; !ended;) {
    if (stop.stop_requested()) return Error{Errc::cancelled, "stopped; nothing was written"};
    const Result<bool> stepped = pipeline.step(stop);
    if (!stepped) return stepped.error();
    ended = *stepped;
    progress.advance(input.bytes_done() - reported);
    reported = input.bytes_done();
  }
  progress.finish();
  if (Status done = out->commit(); !done) return done;
  const CountersSnapshot look = look_at(pipeline.counters());
  log::info("{} verdicts, {} anomalous, {} quarantined", look.verdicts, look.anomalies,
            look.quarantined);
  if (look.verdicts == 0 && look.quarantined > 0) {
    return Error{Errc::malformed,
                 fmt::format("{}: not one line could be read", options.input.string())};
  }
  return {};
}

}  // namespace vedette

#include "api/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "sink/sink.hpp"

namespace vedette {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void counter(const char* name, const char* help, std::uint64_t value,
               std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.counter.value = static_cast<double>(value);
    metric.label = std::move(labels);
    add(name, help, MetricType::Counter, std::move(metric));
  }
  void gauge(const char* name, const char* help, double value,
             std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.gauge.value = value;
    metric.label = std::move(labels);
    add(name, help, MetricType::Gauge, std::move(metric));
  }
  std::string text() const { return prometheus::TextSerializer{}.Serialize(families_); }

 private:
  /// Metrics of one name stand together.
  void add(const char* name, const char* help, MetricType type, ClientMetric metric) {
    if (families_.empty() || families_.back().name != name) {
      families_.push_back({name, help, type, {}});
    }
    families_.back().metric.push_back(std::move(metric));
  }
  std::vector<MetricFamily> families_;
};

/// 0 where /proc is missing.
double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double pages = 0;
  double resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void add_line(Families& families, const Counters& counters) {
  const CountersSnapshot now = look_at(counters);
  families.counter("vedette_messages_received_total", "Messages pulled from the source",
                   now.received);
  families.counter("vedette_verdicts_total", "Records judged and stored", now.verdicts);
  families.counter("vedette_quarantined_total", "Messages refused and kept with the reason",
                   now.quarantined);
  families.counter("vedette_duplicates_total", "Verdicts on records the store knew already",
                   now.duplicates);
  families.counter("vedette_anomalies_total", "Verdicts that were anomalous", now.anomalies);
  families.counter("vedette_excluded_total", "Anomalous verdicts that an exclusion covers",
                   now.excluded);
  families.counter("vedette_flows_total", "Verdicts on flows", now.flows);
  families.counter("vedette_readings_total", "Verdicts on readings", now.readings);
  families.counter("vedette_sink_failures_total", "Refusals of a sink", now.sink_failures);
  families.gauge("vedette_waiting", "Messages received but neither judged nor quarantined yet",
                 static_cast<double>(now.waiting));
  families.gauge("vedette_batch_seconds", "Time of the last batch from pull to acknowledge",
                 static_cast<double>(counters.last_batch_micros.load()) / 1e6);
  families.gauge("vedette_batch_messages", "Messages of the last batch",
                 static_cast<double>(counters.last_batch_size.load()));
  families.gauge("vedette_degraded", "1 while a durable sink refuses", counters.degraded ? 1 : 0);
}

void add_store(Families& families, const StoreCounts& counts) {
  families.gauge("vedette_store_bytes", "Bytes of the store on disk",
                 static_cast<double>(counts.bytes));
  families.gauge("vedette_store_flows", "Flows in the store", static_cast<double>(counts.flows));
  families.gauge("vedette_store_readings", "Readings in the store",
                 static_cast<double>(counts.readings));
  families.gauge("vedette_store_alerts", "Alerts in the store", static_cast<double>(counts.alerts));
  families.gauge("vedette_store_incidents", "Incidents in the store",
                 static_cast<double>(counts.incidents));
  families.gauge("vedette_open_incidents", "Incidents that are open",
                 static_cast<double>(counts.open_incidents));
}

void add_models(Families& families, const DetectorSet& set) {
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    const auto& detector = set.active[static_cast<std::size_t>(kind)];
    if (detector == nullptr) continue;
    families.gauge("vedette_model_info", "1 for each model that judges", 1,
                   {{"record_kind", std::string{name_of(kind)}},
                    {"id", detector->file().id},
                    {"kind", std::string{detector->model().kind()}}});
  }
}

void add_memory(Families& families, const MemoryLook& memory) {
  families.gauge("vedette_sources", "Devices whose flows the line remembers",
                 static_cast<double>(memory.sources));
  families.gauge("vedette_series", "Series of values the line remembers",
                 static_cast<double>(memory.series));
  families.counter("vedette_sources_evicted_total", "Devices forgotten for want of room",
                   memory.sources_evicted);
  families.counter("vedette_too_late_total", "Flows too late to be counted", memory.too_late);
}

void add_drift(Families& families, const std::array<DriftLook, record_kind_count>& drift) {
  // Metrics of one name stand together: one walk for each name.
  const auto each = [&](auto add) {
    for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
      const DriftLook& look = drift[static_cast<std::size_t>(kind)];
      if (!look.model.empty()) add(look, std::string{name_of(kind)});
    }
  };
  each([&](const DriftLook& look, const std::string& kind) {
    families.counter("vedette_drift_notices_total", "Notices of drift", look.notices,
                     {{"record_kind", kind}});
  });
  each([&](const DriftLook& look, const std::string& kind) {
    families.gauge("vedette_drift_score_mean", "Mean score of records judged normal",
                   look.score_mean, {{"record_kind", kind}});
  });
  each([&](const DriftLook& look, const std::string& kind) {
    families.gauge("vedette_drift_columns", "Columns that left their training range",
                   static_cast<double>(look.drifted_columns), {{"record_kind", kind}});
  });
}

void add_scoreboard(Families& families, const Scoreboard& scoreboard) {
  const ScoreboardSnapshot look = scoreboard.snapshot(0);
  std::uint64_t flagged_benign = 0;
  std::uint64_t flagged_positive = 0;
  std::uint64_t missed = 0;
  for (const DetectorScore& one : look.detectors) {
    flagged_benign += one.false_positives;
    flagged_positive += one.true_positives;
    missed += one.false_negatives;
  }
  families.counter("vedette_scoreboard_joined_total", "Verdicts whose truth is known", look.joined);
  constexpr const char* flagged = "vedette_scoreboard_flagged_total";
  constexpr const char* flagged_help = "Joined verdicts that were anomalous, by truth";
  families.counter(flagged, flagged_help, flagged_benign, {{"truth", "benign"}});
  families.counter(flagged, flagged_help, flagged_positive, {{"truth", "anomalous"}});
  families.counter("vedette_scoreboard_missed_total",
                   "Joined verdicts that were not anomalous though the truth is", missed);
  families.counter("vedette_scoreboard_dropped_total",
                   "Truths and verdicts given up before their other half came", look.dropped);
  families.counter("vedette_scoreboard_bad_lines_total", "Truth lines that could not be read",
                   look.bad_lines);
}

}  // namespace

std::string metrics_text(const ApiParts& parts, const StoreCounts& counts) {
  Families families;
  families.gauge("vedette_build_info", "1; the version is a label", 1,
                 {{"version", parts.version}});
  add_line(families, parts.pipeline.counters());
  families.gauge("vedette_source_connected", "1 while the source is connected",
                 parts.pipeline.source_connected() ? 1 : 0);
  add_store(families, counts);
  add_models(families, *parts.pipeline.detectors());
  add_memory(families, parts.pipeline.memory());
  add_drift(families, parts.pipeline.drift());
  if (parts.scoreboard != nullptr) add_scoreboard(families, *parts.scoreboard);
  families.gauge("vedette_live_subscribers", "Open live streams",
                 static_cast<double>(parts.hub.subscribers()));
  families.counter("vedette_live_dropped_total", "Events dropped for slow live streams",
                   parts.hub.dropped());
  families.gauge("process_resident_memory_bytes", "Resident memory size in bytes",
                 resident_bytes());
  return families.text();
}

}  // namespace vedette

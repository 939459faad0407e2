/// From a stream of records to a data set, and the count of what happened on the way.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "ingest/ingest.hpp"
#include "train/capture_tally.hpp"

namespace vedette {

namespace {

using Drop = CaptureReport::Drop;

// Four thousand flows are ~2 MB of reusable records: large enough that the loop around them costs
// nothing, small enough that a stop request is seen within milliseconds.
constexpr std::size_t batch_records = 4096;
constexpr std::chrono::milliseconds wait_for_lines{100};

Drop& find_or_add(std::vector<Drop>& drops, std::string_view code) {
  const auto found =
      std::find_if(drops.begin(), drops.end(), [&](const Drop& drop) { return drop.code == code; });
  if (found != drops.end()) return *found;
  return drops.emplace_back(Drop{std::string{code}, 0, {}});
}

void sort_drops(std::vector<Drop>& drops) {
  std::stable_sort(drops.begin(), drops.end(),
                   [](const Drop& a, const Drop& b) { return a.count > b.count; });
}

/// From the order of names to the order of falling counts.
auto by_count(const std::map<std::string, std::uint64_t, std::less<>>& labels) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted{labels.begin(), labels.end()};
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

}  // namespace

void CaptureTally::take(const Batch& batch) {
  report_.lines += batch.received;
  report_.records += batch.size();
  report_.dropped += batch.quarantined.size();
  for (const Judged& item : batch) {
    if (!item.truth.known()) {
      ++report_.unlabelled;
    } else if (const auto found = labels_.find(item.truth.label); found != labels_.end()) {
      ++found->second;
    } else {
      labels_.emplace(item.truth.label, 1);
    }
  }
  for (const Quarantined& refused : batch.quarantined) {
    Drop& drop = find_or_add(report_.drops, refused.code);
    if (drop.count++ == 0) {
      drop.first_example = fmt::format("{}: {}", refused.place, refused.reason);
    }
  }
}

CaptureReport CaptureTally::report() const {
  CaptureReport report = report_;
  sort_drops(report.drops);
  report.labels = by_count(labels_);
  return report;
}

CaptureReport total_of(std::span<const CaptureReport> reports) {
  CaptureReport total;
  total.capture = "total";
  std::map<std::string, std::uint64_t, std::less<>> labels;
  for (const CaptureReport& report : reports) {
    total.lines += report.lines;
    total.records += report.records;
    total.unlabelled += report.unlabelled;
    total.dropped += report.dropped;
    for (const auto& [label, count] : report.labels) labels[label] += count;
    for (const Drop& drop : report.drops) {
      Drop& sum = find_or_add(total.drops, drop.code);
      sum.count += drop.count;
      if (sum.first_example.empty()) sum.first_example = drop.first_example;
    }
  }
  sort_drops(total.drops);
  total.labels = by_count(labels);
  return total;
}

Result<CaptureReport> DatasetWriter::add_capture(std::string name, Ingest& ingest,
                                                 std::stop_token stop, Progress* progress) {
  CaptureTally tally{name};
  Batch batch{batch_records};
  for (auto state = Ingest::State::more; state == Ingest::State::more;) {
    if (stop.stop_requested()) {
      return Error{Errc::cancelled, fmt::format("{}: stopped on request", name)};
    }
    batch.reset();
    const Result<Ingest::State> pulled = ingest.pull(batch, wait_for_lines);
    if (!pulled) return pulled.error();
    state = *pulled;
    const std::size_t size_before = size();
    for (const Judged& item : batch) add(name, item.record, item.truth);
    if (size() != size_before + batch.size()) {
      return Error{Errc::too_large,
                   fmt::format("{}: the data set is full after {} records", name, size())};
    }
    tally.take(batch);
    if (progress != nullptr) progress->advance(batch.received);
  }
  if (Status done = ingest.acknowledge(); !done) return done.error();
  return tally.report();
}

}  // namespace vedette

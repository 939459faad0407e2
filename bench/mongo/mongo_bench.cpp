/// How fast the MongoDB store takes verdicts; bench/mongo/README.md states the rules.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "base/random.hpp"
#include "base/text.hpp"
#include "store/store.hpp"

namespace {

using namespace vedette;
using Steady = std::chrono::steady_clock;

void fill(Judged& judged, Random& random, std::uint64_t n, Time now) {
  Record& record = judged.record;
  record.kind = RecordKind::reading;
  record.device = fmt::format("sensor-{:03}", random.below(100));
  record.time = now + Duration{static_cast<std::int64_t>(n)};
  record.reading.add("temperature", 20 + static_cast<double>(random.below(1000)) / 100);
  record.reading.add("humidity", 40 + static_cast<double>(random.below(3000)) / 100);
  record.reading.add("battery", static_cast<double>(n));
  record.seal();
  judged.received = now;
  judged.verdict = {};
  judged.verdict.score = static_cast<float>(random.uniform()) * 0.4F;
  judged.verdict.threshold = 0.5F;
  judged.verdict.label = judged.verdict.suspect = "Benign";
  judged.verdict.model = "series-1f3a9c02";
}

[[noreturn]] void stop(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::exit(1);
}

}  // namespace

/// mongo_bench URI ROWS BATCH: prints rows a second. The answer is proved first.
int main(int argc, char** argv) {
  if (argc != 4) stop("usage: mongo_bench URI ROWS BATCH");
  const std::size_t rows = parse_integer<std::size_t>(argv[2]).value_or(10'000);
  Batch batch{parse_integer<std::size_t>(argv[3]).value_or(1'000)};
  auto store = open_mongo_store(argv[1], {});
  if (!store) stop(store.error().message);
  Random random{1};
  Time now = time_from_micros(1'700'000'000'000'000);
  AlarmChanges changes;
  std::chrono::duration<double> took{};
  for (std::size_t done = 0; done < rows; done += batch.records_max()) {
    batch.reset();
    while (!batch.full()) fill(batch.add(), random, done + batch.size(), now);
    const auto before = Steady::now();
    if (Status status = (*store)->commit(batch, now); !status) stop(status.error().message);
    took += Steady::now() - before;
    now += std::chrono::milliseconds{250};
    if (done / 4'000 == (done + batch.records_max()) / 4'000) continue;
    const auto upkeep = Steady::now();  // once a second of service time
    if (Status status = (*store)->maintain(now, changes); !status) stop(status.error().message);
    took += Steady::now() - upkeep;
  }
  const auto counts = (*store)->counts();
  if (!counts) stop(counts.error().message);
  if (counts->readings != rows) stop(fmt::format("{} rows sent, {} there", rows, counts->readings));
  fmt::print("{:.0f}\n", static_cast<double>(rows) / took.count());
  return 0;
}

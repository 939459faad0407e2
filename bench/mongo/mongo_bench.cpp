/// How fast the MongoDB store takes verdicts; bench/mongo/README.md states the rules.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

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

/// mongo_bench URI ROWS BATCH: commits as many rows for each line it is given, and prints the
/// seconds it took; at the end the rows there are counted. Driven by turns.py.
int main(int argc, char** argv) {
  if (argc != 4) stop("usage: mongo_bench URI ROWS BATCH");
  const std::size_t rows = parse_integer<std::size_t>(argv[2]).value_or(2'000);
  Batch batch{parse_integer<std::size_t>(argv[3]).value_or(1'000)};
  auto store = open_mongo_store(argv[1], {});
  if (!store) stop(store.error().message);
  Random random{1};
  Time now = time_from_micros(1'700'000'000'000'000);
  AlarmChanges changes;
  std::size_t done = 0;
  fmt::print("ready\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
    std::chrono::duration<double> took{};
    std::clock_t own = 0;
    for (std::size_t end = done + rows; done < end;) {
      batch.reset();
      while (!batch.full()) fill(batch.add(), random, done + batch.size(), now);
      const auto before = Steady::now();
      const std::clock_t clock = std::clock();
      if (Status status = (*store)->commit(batch, now); !status) stop(status.error().message);
      took += Steady::now() - before;
      own += std::clock() - clock;
      now += std::chrono::microseconds{250 * batch.size()};
      done += batch.size();
      if (done % 4'000 != 0) continue;
      const auto upkeep = Steady::now();  // once a second of service time
      if (Status status = (*store)->maintain(now, changes); !status) stop(status.error().message);
      took += Steady::now() - upkeep;
    }
    fmt::print("{:.6f} {:.6f}\n", took.count(), static_cast<double>(own) / CLOCKS_PER_SEC);
    std::fflush(stdout);
  }
  const auto counts = (*store)->counts();
  if (!counts) stop(counts.error().message);
  if (counts->readings != done) stop(fmt::format("{} rows sent, {} there", done, counts->readings));
  return 0;
}

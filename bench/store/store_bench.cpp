/// How fast the store takes verdicts; bench/store/README.md states the rules.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/random.hpp"
#include "base/text.hpp"
#include "store/store.hpp"

namespace {

using namespace vedette;
using Steady = std::chrono::steady_clock;

struct Load {
  const char* name;
  std::size_t devices;
  double anomalous;
  RecordKind kind = RecordKind::flow;
};

void fill(Judged& judged, Random& random, const Load& load, std::uint64_t n, Time now) {
  Record& record = judged.record;
  record.kind = load.kind;
  const std::uint64_t device = random.below(load.devices);
  record.device = fmt::format("192.168.{}.{}", device / 250, device % 250);
  record.time = now - Duration{static_cast<std::int64_t>(random.below(2'000'000))};
  if (load.kind == RecordKind::flow) {
    Flow& flow = record.flow;
    flow.uid = fmt::format("C{:017x}", random.next());
    flow.orig_h = record.device;
    flow.resp_h = fmt::format("{}.{}.{}.{}", random.below(223) + 1, random.below(256),
                              random.below(256), random.below(256));
    flow.orig_p = static_cast<std::uint16_t>(random.below(65'536));
    flow.resp_p = 23;
    flow.proto = Proto::tcp;
    flow.conn_state = ConnState::S0;
    flow.history.assign(1, 'S');
    flow.duration = random.uniform() * 3;
    flow.orig_bytes = flow.resp_bytes = flow.missed_bytes = 0;
    flow.orig_pkts = static_cast<double>(random.below(10));
    flow.orig_ip_bytes = 40 * flow.orig_pkts;
    flow.resp_pkts = flow.resp_ip_bytes = 0;
  } else {
    record.reading.add("temperature", 20 + static_cast<double>(random.below(1000)) / 100);
    record.reading.add("humidity", 40 + static_cast<double>(random.below(3000)) / 100);
    record.reading.add("battery", static_cast<double>(n));
  }
  record.seal();
  judged.received = now;
  Verdict& verdict = judged.verdict;
  verdict.anomalous = random.chance(load.anomalous);
  verdict.score = static_cast<float>(random.uniform());
  verdict.threshold = 0.5F;
  verdict.label = verdict.anomalous ? "PartOfAHorizontalPortScan" : "Benign";
  verdict.model = "tree-1f3a9c02";
  if (verdict.anomalous) {
    verdict.why.reasons.push_back({"conn_state=S0", 1, 0, 0, 0.4F, ""});
    verdict.why.reasons.push_back({"resp_pkts", 0, 1, 40, 0.2F, ""});
    verdict.why.reasons.push_back({"history=S", 1, 0, 0, 0.1F, ""});
  }
}

double cpu_seconds() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[noreturn]] void stop(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  std::exit(1);
}

/// Commits `rows` records in batches and prints a line. The answer is proved first: as many rows
/// as were new must be counted.
void run(const std::filesystem::path& folder, const Load& load, std::size_t batch_size,
         std::size_t rows) {
  const auto path = folder / "bench.db";
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    std::filesystem::remove(path.string() + suffix);
  }
  auto store = open_sqlite_store(path, {});
  if (!store) stop(store.error());
  Random random{1};
  Time now = time_from_micros(1'700'000'000'000'000);
  Batch batch{batch_size};
  std::vector<double> latencies;
  double cpu = 0;
  double wall = 0;
  std::uint64_t fresh = 0;
  AlarmChanges changes;
  for (std::size_t done = 0; done < rows; done += batch_size) {
    batch.reset();
    while (!batch.full()) fill(batch.add(), random, load, done + batch.size(), now);
    now += Duration{static_cast<std::int64_t>(batch_size) * 25};  // 40,000 rows a second
    const double cpu_before = cpu_seconds();
    const auto before = Steady::now();
    if (Status status = (*store)->commit(batch, now); !status) stop(status.error());
    const std::chrono::duration<double> took = Steady::now() - before;
    if (done / 40'000 != (done + batch_size) / 40'000) {
      if (Status status = (*store)->maintain(now, changes); !status) stop(status.error());
    }
    wall += std::chrono::duration<double>(Steady::now() - before).count();
    cpu += cpu_seconds() - cpu_before;
    latencies.push_back(took.count() * 1e3);
    for (const Judged& judged : batch) fresh += judged.is_new ? 1 : 0;
  }
  const auto counts = (*store)->counts();
  if (!counts) stop(counts.error());
  if (counts->flows + counts->readings != fresh) {
    stop({Errc::mismatch, fmt::format("{} new rows, {} counted", fresh, counts->flows)});
  }
  store->reset();
  std::sort(latencies.begin(), latencies.end());
  const auto quantile = [&](double q) {
    return latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))];
  };
  const auto n = static_cast<double>(rows);
  fmt::print("{:<24} {:>5} {:>8} {:>9.0f} {:>8.2f} {:>8.1f} {:>8.2f} {:>8.2f}\n", load.name,
             batch_size, rows, n / wall, cpu / n * 1e6,
             static_cast<double>(std::filesystem::file_size(path)) / n, quantile(0.5),
             quantile(0.99));
}

}  // namespace

/// store_bench [FOLDER [ROWS]]
int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  const std::size_t rows = parse_integer<std::size_t>(argc > 2 ? argv[2] : "").value_or(400'000);
  fmt::print("{:<24} {:>5} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8}\n", "load", "batch", "rows",
             "rows/s", "us CPU", "B/row", "p50 ms", "p99 ms");
  const Load loads[] = {{"flows, 10 devices", 10, 0.01},
                        {"flows, 100 devices", 100, 0.01},
                        {"flows, 1000 devices", 1000, 0.01},
                        {"flood, 10 devices", 10, 1.0},
                        {"readings, 100 devices", 100, 0.01, RecordKind::reading}};
  for (const Load& load : loads) run(folder, load, 2000, rows);
  run(folder, loads[1], 10, 10'000);
  run(folder, loads[1], 1, 1'000);
  return 0;
}

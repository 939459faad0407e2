// The cost of a record in columns "behaviour" and "windows", and the memory of the sources.
// bench_windows DEVICES RECORDS
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/random.hpp"
#include "feature/feature.hpp"

namespace vedette::bench {
namespace {

/// Devices speak at random; each has eight peers, one of ten speaks to anybody.
class Stream {
 public:
  Stream(std::size_t devices, std::uint64_t seed) : devices_(devices), random_(seed) {
    record_.flow.proto = Proto::tcp;
  }
  const Record& next() {
    const std::uint64_t device = random_.below(devices_);
    // The same load per device whatever their number: a flow every five seconds.
    micros_ += static_cast<std::int64_t>(random_.below(10'000'000) / devices_);
    record_.time = time_from_micros(micros_);
    record_.device =
        fmt::format("10.{}.{}.{}", device >> 16U, (device >> 8U) & 255U, device & 255U);
    const std::uint64_t peer =
        device % 10 == 0 ? random_.below(65'536) : device * 8 + random_.below(8);
    record_.flow.resp_h = fmt::format("198.18.{}.{}", (peer >> 8U) & 255U, peer & 255U);
    record_.flow.resp_p = random_.chance(0.5) ? 443 : static_cast<std::uint16_t>(random_.below(99));
    record_.flow.conn_state = random_.chance(0.2) ? ConnState::S0 : ConnState::SF;
    record_.flow.orig_ip_bytes = static_cast<double>(random_.below(2000));
    record_.flow.resp_ip_bytes = static_cast<double>(random_.below(9000));
    record_.flow.orig_pkts = record_.flow.resp_pkts = 5;
    return record_;
  }

 private:
  std::size_t devices_;
  Random random_;
  std::int64_t micros_ = 1'545'403'816'000'000;
  Record record_;
};

std::unique_ptr<FeatureMap> columns(const char* name) {
  auto builder = make_flow_features(name);
  return (*builder)->build();
}

/// One device against sums over all of its records.
bool answer_holds() {
  const auto map = columns("windows");
  std::size_t flows = 0, failures = 0;
  while (map->schema().columns[flows].name != "source_flows_10m") ++flows;
  while (map->schema().columns[failures].name != "source_failed_10m") ++failures;
  DeviceWindows windows;
  Stream stream(1, 3);
  std::vector<float> row(map->schema().width());
  std::vector<std::pair<double, bool>> seen;
  for (int i = 0; i < 2000; ++i) {
    const Record& record = stream.next();
    map->apply(record, windows, row);
    seen.emplace_back(to_seconds(record.time), record.flow.conn_state == ConnState::S0);
    double all = 0, failed = 0;
    for (const auto& [time, failure] : seen) {
      const double weight = std::exp2(-(seen.back().first - time) / 600);
      all += weight;
      failed += failure ? weight : 0;
    }
    if (std::abs(static_cast<double>(row[flows]) - std::log1p(all)) > 1e-3 ||
        std::abs(static_cast<double>(row[failures]) - failed / all) > 1e-3) {
      fmt::print("record {}: {} flows and {} failed are not {} and {}\n", i, row[flows],
                 row[failures], std::log1p(all), failed / all);
      return false;
    }
  }
  return true;
}

/// Of the processor's time: others may have work too. The best of three passes.
double nanoseconds(const FeatureMap* map, DeviceWindows& windows, std::size_t devices,
                   std::size_t records, bool look = false) {
  std::vector<float> row(map != nullptr ? map->schema().width() : 0);
  double best = HUGE_VAL;
  for (std::uint64_t pass = 0; pass < 3; ++pass) {
    Stream stream(devices, 1);
    windows.clear();
    const std::clock_t begin = std::clock();
    // As the line does it: a batch is there, and the state of a record's device is asked for
    // while the ones before it are worked on.
    constexpr std::size_t batch = 256, look_ahead = 4;
    std::vector<Record> waiting(batch);
    for (std::size_t i = 0; i < records; i += batch) {
      for (Record& record : waiting) record = stream.next();
      if (map == nullptr) continue;
      for (std::size_t k = 0; k < batch; ++k) {
        if (look && k + look_ahead < batch) windows.expect(waiting[k + look_ahead]);
        map->apply(waiting[k], windows, row);
      }
    }
    const double taken = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC * 1e9;
    best = std::min(best, taken / static_cast<double>(records));
  }
  return best;
}

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

int run(std::size_t devices, std::size_t records) {
  if (!answer_holds()) return 1;
  DeviceWindows windows;
  const double stream = nanoseconds(nullptr, windows, devices, records);
  const double behaviour = nanoseconds(columns("behaviour").get(), windows, devices, records);
  const std::size_t before = heap_bytes();
  const double both = nanoseconds(columns("windows").get(), windows, devices, records, true);
  const double bytes = static_cast<double>(heap_bytes() - before);
  fmt::print("{} records of {} devices (the answer agrees with plain sums)\n", records, devices);
  fmt::print("  behaviour {:6.0f} ns a record\n  windows   {:6.0f} ns more\n", behaviour - stream,
             both - behaviour);
  fmt::print("  {} sources: {:.0f} MB, {:.0f} bytes each\n", windows.sources(), bytes / 1e6,
             bytes / static_cast<double>(windows.sources()));
  return 0;
}

}  // namespace
}  // namespace vedette::bench

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return vedette::bench::run(std::strtoull(argv[1], nullptr, 10),
                             std::strtoull(argv[2], nullptr, 10));
}

/// How fast bytes become records, one core. usage: decode_bench [conn.log]
///
/// Proves first that every decoder gives the same records (bit for bit, key by key), then times
/// each and prints its ratio to the plain reference of the same run. Without a file it writes its
/// own log from a fixed seed.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "base/file.hpp"
#include "base/random.hpp"
#include "codec/codec.hpp"
#include "reference.hpp"

namespace vedette {

namespace {

constexpr int rounds = 40;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// 23,145 flows, as many as capture 34-1 of IoT-23 has.
std::string invented_log() {
  constexpr std::size_t flows = 23'145;
  Random random{42};
  std::string out;
  append_zeek_header(out);
  Record record;
  for (std::size_t i = 0; i < flows; ++i) {
    record.clear();
    record.time =
        time_from_micros(1'545'403'816'962'094 + static_cast<std::int64_t>(i) * 3'700'123);
    Flow& flow = record.flow;
    flow.uid = fmt::format("C{:017x}", random.next());
    flow.orig_h = "192.168.1.195";
    flow.resp_h = fmt::format("{}.{}.{}.{}", 1 + random.below(223), random.below(256),
                              random.below(256), random.below(256));
    flow.orig_p = static_cast<std::uint16_t>(random.below(65536));
    flow.resp_p = static_cast<std::uint16_t>(random.below(65536));
    flow.proto = random.chance(0.8) ? Proto::tcp : Proto::udp;
    flow.conn_state = random.chance(0.7) ? ConnState::S0 : ConnState::SF;
    flow.history = random.chance(0.7) ? "S" : "ShADadFf";
    if (random.chance(0.6)) flow.duration = static_cast<double>(random.below(1'000'000'000)) / 1e6;
    flow.missed_bytes = 0;
    flow.orig_pkts = static_cast<double>(random.below(100));
    flow.orig_ip_bytes = static_cast<double>(random.below(10'000));
    flow.resp_pkts = static_cast<double>(random.below(100));
    flow.resp_ip_bytes = static_cast<double>(random.below(10'000));
    append_zeek_line(out, record, {"Benign"});
  }
  return out;
}

template <class Lines>
std::size_t decode_all(Decoder& decoder, const Lines& lines, std::string_view topic,
                       std::vector<Record>* keep) {
  Record record;
  Truth truth;
  std::size_t done = 0;
  for (const auto& line : lines) {
    record.clear();
    RawMessage message;
    message.topic = topic;
    message.payload = line;
    const Result<Decoded> decoded = decoder.decode(message, record, truth);
    if (!decoded) {
      fmt::print(stderr, "{}\n", decoded.error().message);
      std::exit(1);
    }
    if (*decoded != Decoded::record) continue;
    ++done;
    if (keep != nullptr) keep->push_back(record);
  }
  return done;
}

/// Processor time of the best round: other programs on the machine only ever add to it.
double records_per_second(std::size_t records, int repeats, const std::function<void()>& run) {
  double best = 1e9;
  for (int i = 0; i < repeats; ++i) {
    const std::clock_t start = std::clock();
    run();
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return static_cast<double>(records) / best;
}

bool same(const char* name, const std::vector<Record>& ours, const std::vector<Record>& theirs) {
  const auto equal = [](const Record& a, const Record& b) {
    std::string left, right;
    append_record_json(left, a);
    append_record_json(right, b);
    return a.key == b.key && a.device == b.device && left == right;
  };
  const bool agree = std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(), equal);
  fmt::print("{:<28} {} records, {}\n", name, theirs.size(), agree ? "equal" : "DIFFERENT");
  return agree;
}

void report(const char* name, double rate, double bytes, double against) {
  fmt::print("{:<28} {:>6.2f} M records/s  {:>5.0f} MB/s  {:>6.2f}x\n", name, rate / 1e6,
             rate * bytes / 1e6, rate / against);
}

int run(const std::string& log) {
  const std::vector<std::string_view> lines = lines_of(log);
  const auto zeek = make_zeek_log_decoder();
  const auto json = make_json_decoder();
  std::vector<Record> ours;
  decode_all(*zeek, lines, "", &ours);
  std::vector<std::string> messages;
  std::size_t json_bytes = 0;
  for (const Record& record : ours) {
    append_record_json(messages.emplace_back(), record);
    json_bytes += messages.back().size();
  }
  std::vector<Record> from_json, from_simdjson;
  decode_all(*json, messages, "", &from_json);
  reference::json_simdjson(messages, &from_simdjson);
  const bool proven = same("Zeek TSV, plain", ours, reference::zeek_plain(log)) &
                      same("JSON, ours", ours, from_json) &
                      same("JSON, simdjson on-demand", ours, from_simdjson) &
                      same("JSON, nlohmann", ours, reference::json_nlohmann(messages));
  if (!proven || ours.empty()) return 1;

  const std::size_t n = ours.size();
  const double row = static_cast<double>(log.size()) / static_cast<double>(n);
  const double object = static_cast<double>(json_bytes) / static_cast<double>(n);
  fmt::print("\n{:.0f} bytes a row, {:.0f} bytes an object, best of {} rounds\n", row, object,
             rounds);
  const double plain = records_per_second(n, 3, [&] { reference::zeek_plain(log); });
  report("Zeek TSV, getline + strtod", plain, row, plain);
  report("Zeek TSV, ours",
         records_per_second(n, rounds, [&] { decode_all(*zeek, lines, "", nullptr); }), row, plain);
  const double nlohmann = records_per_second(n, 3, [&] { reference::json_nlohmann(messages); });
  report("JSON, nlohmann", nlohmann, object, nlohmann);
  report("JSON, simdjson on-demand",
         records_per_second(n, rounds, [&] { reference::json_simdjson(messages, nullptr); }),
         object, nlohmann);
  report("JSON, ours (file)",
         records_per_second(n, rounds, [&] { decode_all(*json, messages, "", nullptr); }), object,
         nlohmann);
  report("JSON, ours (topic)",
         records_per_second(
             n, rounds, [&] { decode_all(*json, messages, "iot/192.168.1.195/flow", nullptr); }),
         object, nlohmann);
  return 0;
}

}  // namespace

}  // namespace vedette

int main(int count, char** arguments) {
  if (count < 2) return vedette::run(vedette::invented_log());
  const auto file = vedette::MappedFile::open(arguments[1]);
  if (!file) {
    fmt::print(stderr, "{}\n", file.error().message);
    return 1;
  }
  return vedette::run(std::string{file->text()});
}

/// How many flows a second one core simulates and writes; bench/simulate/README.md states the
/// rules.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "base/file.hpp"
#include "codec/codec.hpp"
#include "fleet/fleet.hpp"

namespace {

using namespace vedette;

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "simulate_bench: {}\n", why);
  std::exit(1);
}

FleetPlan plan_of(std::size_t devices) {
  FleetPlan plan;
  plan.seed = 3;
  plan.start = time_from_micros(1'767'600'000'000'000);  // 2026-01-05T08:00:00Z
  plan.devices = devices;
  plan.readings = false;
  return plan;
}

/// The next flow; episodes that make messages of another sort are passed over.
void next_flow(FleetSimulator& fleet, Simulated& said) {
  do {
    fleet.next(said);
  } while (!said.topic.empty() || said.record.kind != RecordKind::flow);
}

void note_of(const Simulated& said, TruthNote& note) {
  note.key = said.record.key;
  note.device = said.record.device;
  note.label = said.truth.label;
  note.episode = said.episode;
  if (said.episode == 0) return;
  note.cause = episode_kinds()[said.kind].name;
  note.begins = said.episode_begins;
}

std::string json_of(const Record& record) {
  std::string text;
  append_record_json(text, record);
  return text;
}

/// The answer first: what was written decodes to what was simulated.
void prove(std::size_t devices, std::uint64_t flows) {
  FleetSimulator fleet{plan_of(devices)};
  const std::unique_ptr<Decoder> decoder = make_zeek_log_decoder();
  Simulated said;
  TruthNote note;
  TruthNote read;
  LabelledRecord back;
  RawMessage message;
  std::string log;
  append_zeek_header(log);
  const auto decode = [&](std::string_view line) {
    back.record.clear();
    back.truth.label.clear();
    message.payload = line;
    return decoder->decode(message, back.record, back.truth);
  };
  for (std::string_view rest = log; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    if (!decode(rest.substr(0, rest.find('\n')))) fail("the header is not read back");
  }
  for (std::uint64_t i = 0; i < flows; ++i) {
    next_flow(fleet, said);
    note_of(said, note);
    log.clear();
    append_zeek_line(log, said.record, said.truth);
    const Result<Decoded> decoded = decode(std::string_view{log}.substr(0, log.size() - 1));
    if (!decoded || *decoded != Decoded::record || json_of(back.record) != json_of(said.record) ||
        back.truth.label != said.truth.label) {
      fail("flow " + std::to_string(i) + " is not read back equal: " + log);
    }
    log.clear();
    append_truth_line(log, note);
    if (!read_truth_line(log, read) || read.key != note.key || read.label != note.label) {
      fail("the truth of flow " + std::to_string(i) + " is not read back equal: " + log);
    }
    note.clear();
  }
}

/// Processor time of the best of five rounds, in nanoseconds a flow.
double best_of(std::uint64_t flows, const std::function<void()>& round) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double begun = processor_seconds();
    round();
    best = std::min(best, (processor_seconds() - begun) * 1e9 / static_cast<double>(flows));
  }
  return best;
}

void write_file(const std::filesystem::path& path, std::size_t devices, std::uint64_t flows,
                bool truth_too) {
  std::filesystem::path labels_path = path;
  labels_path.replace_extension(".labels.jsonl");
  Result<AtomicFile> file = AtomicFile::create(path);
  Result<AtomicFile> labels = AtomicFile::create(labels_path);
  if (!file) fail(file.error().message);
  if (!labels) fail(labels.error().message);
  FleetSimulator fleet{plan_of(devices)};
  Simulated said;
  TruthNote note;
  std::string lines;
  std::string truths;
  append_zeek_header(lines);
  const auto flush = [](AtomicFile& to, std::string& text) {
    if (const Status written = to.write(text); !written) fail(written.error().message);
    text.clear();
  };
  for (std::uint64_t i = 0; i < flows; ++i) {
    next_flow(fleet, said);
    append_zeek_line(lines, said.record, said.truth);
    if (truth_too) {
      note_of(said, note);
      append_truth_line(truths, note);
      note.episode = 0;
    }
    constexpr std::size_t block = std::size_t{256} << 10U;
    if (lines.size() >= block) flush(*file, lines);
    if (truths.size() >= block) flush(*labels, truths);
  }
  flush(*file, lines);
  flush(*labels, truths);
  if (const Status kept = file->commit(); !kept) fail(kept.error().message);
  if (const Status kept = labels->commit(); !kept) fail(kept.error().message);
}

void measure(const std::filesystem::path& path, std::size_t devices, std::uint64_t flows) {
  prove(devices, flows / 10);
  FleetSimulator fleet{plan_of(devices)};
  Simulated said;
  const double simulate = best_of(flows, [&] {
    for (std::uint64_t i = 0; i < flows; ++i) next_flow(fleet, said);
  });
  std::string line;
  const double zeek = best_of(flows, [&] {
    for (std::uint64_t i = 0; i < flows; ++i) {
      line.clear();
      append_zeek_line(line, said.record, said.truth);
    }
  });
  TruthNote note;
  note_of(said, note);
  const double truth = best_of(flows, [&] {
    for (std::uint64_t i = 0; i < flows; ++i) {
      line.clear();
      append_truth_line(line, note);
    }
  });
  const double file = best_of(flows, [&] { write_file(path, devices, flows, false); });
  const double both = best_of(flows, [&] { write_file(path, devices, flows, true); });
  fmt::print(
      "{:>7} devices: simulate {:4.0f} ns, Zeek line {:4.0f} ns, truth line {:4.0f} ns; "
      "file {:.2f} M flows/s, file and labels {:.2f} M flows/s\n",
      devices, simulate, zeek, truth, 1e3 / file, 1e3 / both);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: simulate_bench FILE.log [FLOWS]\n");
    return 2;
  }
  std::uint64_t flows = 1'000'000;
  if (argc > 2) {
    const std::string_view text = argv[2];
    std::from_chars(text.data(), text.data() + text.size(), flows);
  }
  for (const std::size_t devices : {24U, 1000U, 10'000U}) measure(argv[1], devices, flows);
  return 0;
}

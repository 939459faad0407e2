/// The words of `vedette simulate`; what they mean is in SimulateOptions and FleetPlan.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <optional>

#include "app/cli.hpp"
#include "app/scenario.hpp"
#include "app/simulate_command.hpp"
#include "app/tables.hpp"
#include "base/text.hpp"
#include "ingest/ingest.hpp"

namespace vedette {

namespace {

/// What was said. What was not said stays as the scenario has it.
struct Words {
  SimulateOptions options;
  std::filesystem::path scenario;
  std::optional<std::uint64_t> devices, seed;
  std::optional<double> pace;
  std::vector<std::string> attacks;
  std::string duration, start, speed, replay_times = "original";
  bool list = false;
  std::optional<std::string> explained;
  std::vector<std::filesystem::path> fit;
  std::string fit_label{benign_label};
};

/// "-1" would be taken for 2^64 - 1.
CLI::Validator whole_number() {
  return CLI::Validator{[](std::string& text) {
                          return parse_integer<std::uint64_t>(text)
                                     ? std::string{}
                                     : vedette::quoted(text) + " is no whole number from 0";
                        },
                        "UINT"};
}

void describe_fleet(CLI::App& sub, Words& words) {
  sub.add_option("scenario", words.scenario, "a scenario file, see --explain scenario");
  sub.add_flag("--list", words.list, "prints a line for each profile, attack and fault");
  sub.add_option(
      "--explain", words.explained,
      "prints all of a profile, attack, fault, task, learned profile (.vdp), or scenario");
  sub.add_option("--devices", words.devices, "of all profiles in turn (default: 24)")
      ->check(whole_number());
  sub.add_option("--seed", words.seed, "the same seed gives the same records (default: 1)")
      ->check(whole_number());
  sub.add_option("--pace", words.pace, "how often each device speaks, 1 is usual");
  sub.add_option("--attack", words.attacks,
                 "only these attacks and faults begin by chance, by name or label; none: nothing "
                 "does (default: all)");
  sub.add_option("--duration", words.duration, "how long: 90s, 10m, 6h, 2d");
  sub.add_option("--messages", words.options.messages_max, "how many at most")
      ->check(whole_number());
  sub.add_option("--start", words.start,
                 "the fleet's first moment, RFC 3339 (default: now for a broker, "
                 "2026-01-05T08:00:00Z for files)");
  sub.add_option("--fit", words.fit, "learns a profile from these captures and writes it to --to");
  sub.add_option("--fit-label", words.fit_label, "which flows to learn; all: every label")
      ->capture_default_str();
}

void describe_transport(CLI::App& sub, Words& words) {
  SimulateOptions& options = words.options;
  sub.add_option("--to", options.to,
                 "mqtt://broker, flows.log (Zeek), flows.log.labeled, flows.json (Zeek's JSON), "
                 "flows.csv, records.jsonl, or - (JSON lines); labels go beside a file")
      ->capture_default_str();
  sub.add_option("--labels", options.labels, "where the truth of each record is written");
  sub.add_option("--truth-topic", options.truth_topic,
                 "brokers: publishes the truth below this topic, for a scoreboard");
  sub.add_flag("--per-device", options.per_device,
               "brokers: one connection for each device, with a last will");
  sub.add_option("--rate", options.rate, "messages a second");
  sub.add_option("--speed", words.speed,
                 "60x: an hour in a minute; 0: as fast as possible (default: 1x)");
  sub.add_option("--qos", options.qos)->check(CLI::Range(0, 2))->capture_default_str();
  sub.add_option("--ca-file", options.connection.ca_file, "for mqtts://");
  sub.add_option("--client-id", options.connection.client_id);
  sub.add_option("--replay", options.replay,
                 "sends these captures instead of a fleet, interleaved by time");
  sub.add_option("--replay-times", words.replay_times,
                 "original, now: shifted to begin now, or together: each begins now")
      ->check(CLI::IsMember({"original", "now", "together"}))
      ->capture_default_str();
  sub.add_option("--remap", options.remap,
                 "gives local addresses of captures new ones of this network: 10.20.0.0/16");
}

void print_report(const SimulateReport& report) {
  fmt::print(stderr, "{} records in {:.1f} s{}\n", report.sent, report.seconds,
             report.stopped ? ", then stopped" : "");
  if (const std::string rate = rate_text(report); !rate.empty()) fmt::print(stderr, "{}\n", rate);
  if (report.connections > 1) fmt::print(stderr, "{} connections\n", report.connections);
  if (report.skipped > 0) {
    fmt::print(stderr, "{} readings left out: the file holds flows only\n", report.skipped);
  }
  if (report.skipped_messages > 0) {
    fmt::print(stderr, "{} messages that are no records left out: a file cannot hold them\n",
               report.skipped_messages);
  }
  if (report.refused > 0) {
    fmt::print(stderr, "{} lines refused, the first: {}\n", report.refused, report.first_refusal);
  }
  for (const auto& [label, count] : report.labels) {
    fmt::print(stderr, "  {:<28} {:>10}\n", label.empty() ? "(no label)" : label, count);
  }
}

/// "60x", "60×" or "60".
Result<double> parse_speed(std::string_view text) {
  std::string_view digits = text;
  for (const std::string_view sign : {"x", "×"}) {
    if (digits.ends_with(sign)) digits.remove_suffix(sign.size());
  }
  if (const auto speed = parse_double(digits)) return *speed;
  return Error{Errc::malformed, fmt::format("{} must be like 60x", vedette::quoted(text))};
}

template <class T>
Status take(Result<T> parsed, std::string_view option, T& out) {
  if (!parsed) {
    return Error{parsed.error().code, fmt::format("{}: {}", option, parsed.error().message)};
  }
  out = std::move(parsed).value();
  return {};
}

/// The plan of the scenario with what the command line says on top.
Status settle_plan(Words& words) {
  FleetPlan& plan = words.options.fleet;
  if (!words.scenario.empty()) {
    Result<FleetPlan> loaded = load_scenario(words.scenario);
    if (!loaded) return loaded.error();
    plan = std::move(loaded).value();
    if (words.devices && !plan.groups.empty()) {
      return Error{Errc::mismatch, fmt::format("--devices: the groups of {} say how many there are",
                                               words.scenario.string())};
    }
  }
  if (words.devices) plan.devices = *words.devices;
  if (words.seed) plan.seed = *words.seed;
  if (words.pace) plan.pace = *words.pace;
  const bool none = words.attacks.size() == 1 && words.attacks[0] == "none";
  if (none) {
    plan.episode_every = Duration{0};
  } else if (!words.attacks.empty()) {
    plan.kinds = words.attacks;
  }
  words.options.length = plan.duration;
  if (!words.duration.empty()) {
    Status done = take(parse_duration(words.duration), "--duration", words.options.length);
    if (!done) return done;
    if (words.options.length.count() == 0) {
      return Error{Errc::out_of_range, "--duration: must be above 0"};
    }
  }
  if (!words.start.empty()) return take(parse_time(words.start), "--start", plan.start);
  return {};
}

/// What would be passed over in silence. `pace` of a scenario is no contradiction: a rate decides.
Status check_words(const Words& words) {
  if (words.pace && words.options.rate > 0) {
    return Error{Errc::mismatch,
                 fmt::format("--rate {} and --pace {} contradict each other: say one of them",
                             words.options.rate, *words.pace)};
  }
  if (words.options.replay.empty()) return {};
  const std::pair<bool, std::string_view> said[] = {
      {!words.scenario.empty(), "a scenario"}, {words.devices.has_value(), "--devices"},
      {words.seed.has_value(), "--seed"},      {words.pace.has_value(), "--pace"},
      {!words.attacks.empty(), "--attack"},    {!words.duration.empty(), "--duration"},
      {!words.start.empty(), "--start"}};
  for (const auto& [is_said, name] : said) {
    if (!is_said) continue;
    return Error{Errc::mismatch,
                 fmt::format("{} is for a fleet: --replay sends captures as they are", name)};
  }
  return {};
}

Status settle(Words& words) {
  if (Status fine = check_words(words); !fine) return fine;
  if (Status done = settle_plan(words); !done) return done;
  if (words.replay_times == "now") words.options.replay_times = ReplayTimes::now;
  if (words.replay_times == "together") words.options.replay_times = ReplayTimes::together;
  if (words.speed.empty()) return {};
  double speed = 0;
  if (Status done = take(parse_speed(words.speed), "--speed", speed); !done) return done;
  words.options.speed = speed;
  return {};
}

// ---- learning a profile ---------------------------------------------------------------------

Status learn_from(const std::filesystem::path& capture, ProfileLearner& learner, World& world) {
  Result<std::unique_ptr<Ingest>> ingest = open_file(capture, "", world.clock);
  if (!ingest) return ingest.error();
  Batch batch{2000};
  Progress progress{"learning", (*ingest)->bytes_total()};
  while (true) {
    if (world.interrupt.token().stop_requested()) return Error{Errc::cancelled, "stopped"};
    batch.reset();
    const auto state = (*ingest)->pull(batch, std::chrono::milliseconds{100});
    if (!state) return state.error();
    for (const Judged& item : batch) learner.add(item.record, item.truth);
    progress.set((*ingest)->bytes_done(), (*ingest)->bytes_total());
    if (*state == Ingest::State::end) break;
  }
  progress.finish();
  return {};
}

Status fit(const Words& words, World& world) {
  const std::filesystem::path out = words.options.to;
  if (out.extension() != ".vdp") {
    return Error{Errc::unsupported,
                 fmt::format("--fit writes a learned profile: --to {} must end in .vdp",
                             vedette::quoted(words.options.to))};
  }
  const std::string label = words.fit_label == "all" ? "" : words.fit_label;
  const std::string source = words.fit.size() == 1 ? words.fit.front().filename().string()
                                                   : fmt::format("{} captures", words.fit.size());
  ProfileLearner learner{{.label = label, .source = source.substr(0, 200)}};
  for (const std::filesystem::path& capture : words.fit) {
    if (Status learned = learn_from(capture, learner, world); !learned) return learned;
  }
  const Result<LearnedProfile> profile = learner.finish();
  if (!profile) {
    return Error{profile.error().code, fmt::format("{}: {}", source, profile.error().message)};
  }
  if (Status saved = profile->save(out); !saved) return saved;
  fmt::print("{}", profile->describe());
  return {};
}

Status explain_to_people(const std::string& name) {
  if (name.ends_with(".vdp")) {
    const Result<LearnedProfile> profile = LearnedProfile::load(name);
    if (!profile) return profile.error();
    fmt::print("{}", profile->describe());
    return {};
  }
  const Result<std::string> text = explain(name);
  if (!text) return text.error();
  fmt::print("{}", *text);
  return {};
}

Status simulate(Words words, World& world) {
  if (words.list) {
    fmt::print("{}", list_of_the_fleet());
    return {};
  }
  if (words.explained) return explain_to_people(*words.explained);
  if (!words.fit.empty()) return fit(words, world);
  if (Status done = settle(words); !done) return done;
  const auto report = run_simulate(words.options, world.clock, world.interrupt.token());
  if (!report) return report.error();
  print_report(*report);
  return {};
}

}  // namespace

void add_simulate(CLI::App& app, Command& chosen) {
  add_command<Words>(
      app, "simulate", "a fleet, or a replayed capture, over MQTT or into a file",
      "vedette simulate --devices 30 --duration 10m --seed 7 --to flows.log", chosen,
      [](CLI::App& sub, Words& words) {
        describe_fleet(sub, words);
        describe_transport(sub, words);
      },
      simulate);
}

}  // namespace vedette

/// vedette: parses the words, calls the command, turns its Status into an exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/simulate_command.hpp"
#include "app/system_clock.hpp"
#include "app/tables.hpp"
#include "base/text.hpp"

namespace {

using namespace vedette;

constexpr int exit_bad_input = 1;
constexpr int exit_usage = 2;
constexpr int exit_environment = 3;
constexpr int exit_interrupted = 130;

int exit_code(const Error& error) {
  switch (error.code) {
    case Errc::io:
    case Errc::busy:
    case Errc::unavailable:
    case Errc::refused:
      return exit_environment;
    case Errc::cancelled:
      return exit_interrupted;
    default:
      return exit_bad_input;
  }
}

/// What a command needs from its surroundings.
struct World {
  SystemClock clock;
  Interrupt interrupt;
};

using Command = std::function<Status(World&)>;

/// Adds a subcommand whose options live as long as the returned closure.
template <class Options, class Describe, class Run>
void add_command(CLI::App& parent, const char* name, const char* summary, const char* example,
                 Command& chosen, Describe describe, Run run) {
  CLI::App* sub = parent.add_subcommand(name, summary);
  sub->footer(std::string{"Example:\n  "} + example);
  auto options = std::make_shared<Options>();
  describe(*sub, *options);
  sub->callback([&chosen, options, run] {
    chosen = [options, run](World& world) { return run(*options, world); };
  });
}

std::string flow_model_names() {
  std::vector<std::string_view> names;
  for (const ModelKind& kind : model_kinds()) {
    if (kind.record_kind == RecordKind::flow) names.push_back(kind.name);
  }
  return listed(names);
}

/// A line per model, with its settings.
std::string flow_model_lines() {
  std::string lines = "\nModels and their settings:";
  for (const ModelKind& kind : model_kinds()) {
    if (kind.record_kind == RecordKind::flow) {
      lines += fmt::format("\n  {:<7} {}", kind.name, kind.summary);
    }
  }
  return lines;
}

/// What train and compare have in common.
template <class Options>
void describe_fit(CLI::App& sub, Options& options) {
  sub.footer(sub.get_footer() + "\n" + flow_model_lines());
  sub.add_option("dataset", options.dataset, "a data set from prepare")->required();
  sub.add_option("--columns", options.columns,
                 "behaviour, published24 or ports (default: what prepare was told, or behaviour)");
  sub.add_option("--train-share", options.train_share, "share of the rows to fit on")
      ->check(CLI::Range(0.05, 0.95))
      ->capture_default_str();
  sub.add_option("--fpr", options.false_positive_rate,
                 "false-positive rate the threshold is set to")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str();
  sub.add_option("--seed", options.seed)->capture_default_str();
  sub.add_option("--threads", options.threads, "0: all there are; the models are the same")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  sub.add_flag("--binary,!--multiclass", options.binary, "Benign against everything else");
  sub.add_flag("--as-published", options.as_published,
               "naive Bayes takes every column as Gaussian, as published comparisons do");
}

void add_data_commands(CLI::App& app, Command& chosen) {
  add_command<PrepareOptions>(
      app, "prepare", "many captures in, one data set out, with a report",
      "vedette prepare captures/*.labeled -o iot.vds", chosen,
      [](CLI::App& sub, PrepareOptions& options) {
        sub.add_option("captures", options.captures, "Zeek logs, JSON lines or CSV files")
            ->required();
        sub.add_option("-o,--out", options.out, "the data set to write")->required();
        sub.add_option("--format", options.format, "zeek, json or csv (default: look inside)");
        sub.add_option("--columns", options.columns,
                       "what train and compare take: behaviour, published24 or ports");
        sub.add_flag("--json", options.json, "the report as JSON");
      },
      [](const PrepareOptions& options, World& world) {
        return run_prepare(options, world.clock, world.interrupt.token());
      });
  add_command<TrainCommand>(
      app, "train", "fit a detector and write its model file",
      "vedette train iot.vds --model tree -o tree.vdm", chosen,
      [](CLI::App& sub, TrainCommand& options) {
        sub.add_option("-m,--model", options.model, flow_model_names())->capture_default_str();
        sub.add_option("-o,--out", options.out, "the model file to write")->required();
        describe_fit(sub, options);
        sub.add_option("--split", options.split, "random, time or capture")->capture_default_str();
        sub.add_option("--set", options.settings, "a setting of the model, as name=value");
        sub.add_flag("--search", options.search, "try settings by cross-validation, take the best");
        sub.add_option("--trials", options.trials, "settings that --search tries")
            ->check(CLI::Range(2, 1000))
            ->capture_default_str();
        sub.add_flag("--json", options.json, "the evaluation as JSON");
      },
      [](const TrainCommand& options, World& world) {
        return run_train(options, world.clock, world.interrupt.token());
      });
  add_command<CompareCommand>(
      app, "compare", "train detectors side by side: a table and a report",
      "vedette compare iot.vds --models all", chosen,
      [](CLI::App& sub, CompareCommand& options) {
        sub.add_option("--models", options.models, "all, or a list of " + flow_model_names())
            ->capture_default_str();
        describe_fit(sub, options);
        sub.add_option("--split", options.split,
                       "random, time, capture, kfold or leave-one-capture-out")
            ->capture_default_str();
        sub.add_option("--folds", options.folds, "of kfold")
            ->check(CLI::Range(2, 100))
            ->capture_default_str();
        sub.add_option("--set", options.settings, "a setting of one model, as model.name=value");
        sub.add_option("--report", options.report,
                       "where the HTML report goes (default: DATASET.comparison.html), - for none");
        sub.add_flag("--json", options.json, "the figures as JSON");
      },
      [](const CompareCommand& options, World& world) {
        return run_compare(options, world.clock, world.interrupt.token());
      });
  add_command<ScoreOptions>(
      app, "score", "judge a file: one verdict a line",
      "vedette score tree.vdm conn.log > verdicts.jsonl", chosen,
      [](CLI::App& sub, ScoreOptions& options) {
        sub.add_option("model", options.model, "a model file")->required();
        sub.add_option("input", options.input, "a file, or - for standard input")
            ->capture_default_str();
        sub.add_option("-o,--out", options.out, "where to, - for standard output")
            ->capture_default_str();
        sub.add_option("--format", options.format, "zeek, json or csv (default: look inside)");
      },
      [](const ScoreOptions& options, World& world) {
        return run_score(options, world.clock, world.interrupt.token());
      });
  add_command<TraceOptions>(
      app, "trace", "one message at every stage of the line", "vedette trace tree.vdm message.json",
      chosen,
      [](CLI::App& sub, TraceOptions& options) {
        sub.add_option("model", options.model, "a model file")->required();
        sub.add_option("message", options.message, "a file with one JSON object")->required();
        sub.add_option("--topic", options.topic, "the MQTT topic it came on");
        sub.add_flag("--json", options.json);
      },
      [](const TraceOptions& options, World& world) { return run_trace(options, world.clock); });
}

void add_service_commands(CLI::App& app, Command& chosen) {
  struct Serve {
    std::filesystem::path config;
  };
  add_command<Serve>(
      app, "serve", "MQTT in, verdicts, store, alerts, API and dashboard",
      "vedette serve vedette.toml", chosen,
      [](CLI::App& sub, Serve& options) {
        sub.add_option("config", options.config, "a configuration (default: built-in settings)");
      },
      [](const Serve& options, World& world) {
        return run_serve(options.config, world.clock, world.interrupt.token());
      });
  add_command<DemoOptions>(
      app, "demo", "everything at once: broker, fleet, models, service, dashboard", "vedette demo",
      chosen,
      [](CLI::App& sub, DemoOptions& options) {
        sub.add_option("--state", options.state, "folder for what it keeps")->capture_default_str();
        sub.add_option("--devices", options.devices)
            ->check(CLI::Range(1, 10'000))
            ->capture_default_str();
        sub.add_option("--seed", options.seed)->capture_default_str();
        sub.add_option("--port", options.port, "of the dashboard")->capture_default_str();
      },
      [](const DemoOptions& options, World& world) {
        return run_demo(options, world.clock, world.interrupt.token());
      });
}

void add_admin_commands(CLI::App& app, Command& chosen) {
  CLI::App* model = app.add_subcommand("model", "look at model files")->require_subcommand(1);
  add_command<ModelShowOptions>(
      *model, "show", "what a model file holds", "vedette model show tree.vdm", chosen,
      [](CLI::App& sub, ModelShowOptions& options) {
        sub.add_option("files", options.files)->required();
        sub.add_flag("--tree", options.tree, "the questions a tree asks")
            ->excludes(sub.add_flag("--json", options.json));
        sub.add_option("--svg", options.drawing, "draw the tree into this file");
        sub.add_option("--depth", options.depth, "how deep --tree and --svg go")
            ->check(CLI::Range(1, 64))
            ->capture_default_str();
      },
      [](const ModelShowOptions& options, World&) { return run_model_show(options); });
  CLI::App* user = app.add_subcommand("user", "people and tokens (while the service is stopped)")
                       ->require_subcommand(1);
  const auto common = [](CLI::App& sub, UserOptions& options) {
    sub.add_option("--config", options.config, "the service's configuration");
  };
  add_command<UserOptions>(
      *user, "add", "add a user or set a new password", "vedette user add ada --role viewer",
      chosen,
      [common](CLI::App& sub, UserOptions& options) {
        common(sub, options);
        sub.add_option("name", options.name)->required();
        sub.add_option("--role", options.role)
            ->check(CLI::IsMember({"admin", "viewer"}))
            ->capture_default_str();
      },
      [](const UserOptions& options, World& world) { return run_user_add(options, world.clock); });
  add_command<UserOptions>(
      *user, "token", "make an API token for a user", "vedette user token ada --name grafana",
      chosen,
      [common](CLI::App& sub, UserOptions& options) {
        common(sub, options);
        sub.add_option("user", options.name)->required();
        sub.add_option("--name", options.token)->required();
        sub.add_option("--days", options.token_days)
            ->check(CLI::Range(1, 3650))
            ->capture_default_str();
      },
      [](const UserOptions& options, World& world) {
        return run_user_token(options, world.clock);
      });
  add_command<UserOptions>(
      *user, "list", "all users", "vedette user list --config vedette.toml", chosen, common,
      [](const UserOptions& options, World&) { return run_user_list(options); });
}

/// The words of `simulate`; what they mean is in SimulateOptions.
struct SimulateWords {
  SimulateOptions options;
  std::string duration;
  std::string start;
};

void describe_simulate(CLI::App& sub, SimulateWords& words) {
  SimulateOptions& options = words.options;
  sub.add_option("--to", options.to,
                 "mqtt://broker, flows.log (Zeek, labelled), records.jsonl, or - (JSON lines)")
      ->capture_default_str();
  sub.add_option("--devices", options.fleet.devices)->capture_default_str();
  sub.add_option("--seed", options.fleet.seed)->capture_default_str();
  sub.add_option("--pace", options.fleet.pace, "how often each device speaks, 1 is usual")
      ->capture_default_str();
  sub.add_option("--attack", options.fleet.kinds,
                 "only these attacks and faults begin (default: all)");
  sub.add_option("--duration", words.duration, "how long: 90s, 10m, 6h, 2d");
  sub.add_option("--messages", options.messages_max, "how many at most");
  sub.add_option("--start", words.start, "the fleet's first moment, RFC 3339 (default: now)");
  sub.add_option("--replay", options.replay, "send these captures instead of a fleet");
  sub.add_option("--rate", options.rate, "messages a second")->check(CLI::NonNegativeNumber);
  sub.add_option("--qos", options.qos)->check(CLI::Range(0, 2))->capture_default_str();
  sub.add_option("--ca-file", options.connection.ca_file, "for mqtts://");
}

/// "90s", "10m", "6h", "2d" or plain seconds.
Result<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view units = "smhd";
  constexpr std::int64_t seconds[] = {1, 60, 3600, 86'400};
  std::int64_t unit = 1;
  std::string_view digits = text;
  if (const std::size_t at = units.find(text.empty() ? ' ' : text.back());
      at != std::string_view::npos) {
    unit = seconds[at];
    digits.remove_suffix(1);
  }
  const auto number = parse_double(digits);
  if (!number || *number <= 0 || *number * static_cast<double>(unit) > 1e9) {
    return Error{Errc::malformed,
                 fmt::format("--duration {}: must be like 90s, 10m, 6h or 2d", quoted(text))};
  }
  return Duration{static_cast<std::int64_t>(*number * static_cast<double>(unit) * 1e6)};
}

void print_report(const SimulateReport& report) {
  fmt::print(stderr, "{} records in {:.1f} s{}\n", report.sent, report.seconds,
             report.stopped ? ", then stopped" : "");
  if (report.skipped > 0) {
    fmt::print(stderr, "{} readings left out: the file holds flows only\n", report.skipped);
  }
  if (report.refused > 0) {
    fmt::print(stderr, "{} lines refused, the first: {}\n", report.refused, report.first_refusal);
  }
  for (const auto& [label, count] : report.labels) {
    fmt::print(stderr, "  {:<28} {:>10}\n", label.empty() ? "(no label)" : label, count);
  }
}

Status simulate(SimulateWords words, World& world) {
  if (!words.duration.empty()) {
    const Result<Duration> length = parse_duration(words.duration);
    if (!length) return length.error();
    words.options.length = *length;
  }
  if (!words.start.empty()) {
    const Result<Time> start = parse_time(words.start);
    if (!start) return Error{start.error().code, "--start: " + start.error().message};
    words.options.fleet.start = *start;
  }
  const auto report = run_simulate(words.options, world.clock, world.interrupt.token());
  if (!report) return report.error();
  print_report(*report);
  return {};
}

void add_simulate(CLI::App& app, Command& chosen) {
  add_command<SimulateWords>(app, "simulate",
                             "a fleet, or a replayed capture, over MQTT or into a file",
                             "vedette simulate --devices 30 --duration 10m --seed 7 --to flows.log",
                             chosen, describe_simulate, simulate);
}

}  // namespace

int main(int argc, char** argv) {
  World world;
  Command chosen;
  CLI::App app{"Vedette, a sentry for IoT fleets"};
  app.set_version_flag("--version", "vedette " VEDETTE_VERSION);
  app.require_subcommand(1);
  add_data_commands(app, chosen);
  add_service_commands(app, chosen);
  add_admin_commands(app, chosen);
  add_simulate(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    const int code = app.exit(wrong);
    return code == 0 ? 0 : exit_usage;
  }
  const Status done = chosen(world);
  if (done) return 0;
  fmt::print(stderr, "vedette: {}\n", done.error().message);
  return exit_code(done.error());
}

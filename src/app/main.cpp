/// vedette: parses the words, calls the command, turns its Status into an exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/cli.hpp"
#include "app/cli_reference.hpp"
#include "app/commands.hpp"
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
  sub.add_option(
      "--columns", options.columns,
      "behaviour, windows, published24 or ports (default: what prepare was told, or behaviour; "
      "windows when captures in the order of time are left out in turn)");
  sub.add_option("--train-share", options.train_share, "share of the rows to fit on")
      ->check(CLI::Range(0.05, 0.95))
      ->capture_default_str();
  sub.add_option("--fpr", options.false_positive_rate,
                 "false-positive rate the threshold is calibrated to")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  sub.add_option("--seed", options.seed)->capture_default_str();
  sub.add_option("--threads", options.threads, "0: all there are; the models are the same")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  sub.add_flag("--binary,!--multiclass", options.binary, "Benign against everything else");
  sub.add_flag("--as-published", options.as_published,
               "naive Bayes takes every column as Gaussian, as published comparisons do");
}

template <class Options>
void describe_leaving_out(CLI::App& sub, Options& options) {
  sub.add_option("--train-only", options.train_only,
                 "captures with this in their name are never left out: simulated ones");
  sub.add_flag("--drop-doubted,!--keep-doubted", options.drop_doubted,
               "leaving captures out: benign rows of infected captures that the other captures' "
               "model takes for attacks are not trained on (default: so)");
  sub.add_flag(
      "--simulated,!--no-simulated", options.simulated,
      "leaving captures out with the columns windows: trains on simulated captures as well "
      "(default: so)");
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
                       "what train and compare take: behaviour, windows, published24 or ports");
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
        sub.add_option(
               "--split", options.split,
               "random, time, capture, or leave-one-capture-out: for a network that is none "
               "of these")
            ->capture_default_str();
        describe_leaving_out(sub, options);
        sub.add_option("--alerts-per-day", options.alerts_per_day,
                       "a budget instead of a rate: so many alerts a day at most (not for --split "
                       "random)")
            ->check(CLI::Range(1e-6, 1e6));
        sub.add_option("--devices", options.devices, "of the fleet the budget is for")
            ->check(CLI::Range(1, 10'000'000))
            ->capture_default_str();
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
        describe_leaving_out(sub, options);
        sub.add_option("--doubtful", options.doubtful,
                       "benign rows reported apart as well: CAPTURE:ADDRESS, CAPTURE::PORT");
        sub.add_option("--adapt", options.adapt,
                       "figures also with a threshold raised by so many first records of the "
                       "capture left out")
            ->check(CLI::Range(0, 1'000'000));
        sub.add_flag(
            "--controls", options.controls,
            "trees of ports alone, of time alone and of shuffled labels beside the models");
        sub.add_flag("--without", options.without,
                     "each model again without each family of columns");
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
        sub.add_option("--scenario", options.scenario,
                       "a scenario file (default: a story of five minutes)");
        sub.add_option("--seed", options.seed, "instead of the scenario's own");
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

void add_store_commands(CLI::App& app, Command& chosen) {
  add_command<MigrateOptions>(
      app, "migrate-store", "copy a store to another kind (while the service is stopped)",
      "vedette migrate-store sqlite:vedette.db mongodb://localhost/vedette", chosen,
      [](CLI::App& sub, MigrateOptions& options) {
        sub.add_option("from", options.from, "sqlite:PATH or mongodb://...")->required();
        sub.add_option("to", options.to, "an empty one, or one this command has begun to fill")
            ->required();
      },
      [](const MigrateOptions& options, World& world) {
        return run_migrate(options, world.interrupt.token());
      });
}

/// What packagers ask of the program itself.
void add_reference_commands(CLI::App& app, Command& chosen) {
  struct Completion {
    std::string shell = "bash";
  };
  add_command<Completion>(
      app, "completion", "a script that completes this command line", "vedette completion bash",
      chosen,
      [](CLI::App& sub, Completion& options) {
        sub.add_option("shell", options.shell, "bash, zsh or fish")->capture_default_str();
      },
      [&app](const Completion& options, World&) -> Status {
        const auto script = completion_script(app, options.shell);
        if (!script) return script.error();
        fmt::print("{}", *script);
        return {};
      });
  struct Manual {};
  add_command<Manual>(
      app, "manual", "the manual page", "vedette manual | man -l -", chosen,
      [](CLI::App&, Manual&) {},
      [&app](const Manual&, World&) -> Status {
        fmt::print("{}", manual_page(app, VEDETTE_VERSION));
        return {};
      });
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
  add_store_commands(app, chosen);
  add_simulate(app, chosen);
  add_reference_commands(app, chosen);
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

/// vedette: parses the words, calls the command, turns its Status into an exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/simulate_command.hpp"
#include "app/system_clock.hpp"

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

void add_data_commands(CLI::App& app, Command& chosen) {
  add_command<PrepareOptions>(
      app, "prepare", "many captures in, one data set out, with a report",
      "vedette prepare captures/*.labeled -o iot.vds", chosen,
      [](CLI::App& sub, PrepareOptions& options) {
        sub.add_option("captures", options.captures, "Zeek logs, JSON lines or CSV files")
            ->required();
        sub.add_option("-o,--out", options.out, "the data set to write")->required();
        sub.add_option("--format", options.format, "zeek, json or csv (default: look inside)");
        sub.add_flag("--json", options.json, "the report as JSON");
      },
      [](const PrepareOptions& options, World& world) {
        return run_prepare(options, world.clock, world.interrupt.token());
      });
  add_command<TrainCommand>(
      app, "train", "fit a detector and write its model file",
      "vedette train iot.vds --model tree -o tree.vdm", chosen,
      [](CLI::App& sub, TrainCommand& options) {
        sub.add_option("dataset", options.dataset, "a data set from prepare")->required();
        sub.add_option("-m,--model", options.model, "tree or bayes")->capture_default_str();
        sub.add_option("-o,--out", options.out, "the model file to write")->required();
        sub.add_option("--columns", options.columns, "behaviour, published24 or ports")
            ->capture_default_str();
        sub.add_option("--split", options.split, "random, time or capture")->capture_default_str();
        sub.add_option("--train-share", options.train_share, "share of the rows to fit on")
            ->check(CLI::Range(0.05, 0.95))
            ->capture_default_str();
        sub.add_option("--fpr", options.false_positive_rate,
                       "false-positive rate the threshold is set to")
            ->check(CLI::Range(0.0, 0.5))
            ->capture_default_str();
        sub.add_option("--set", options.settings, "a setting of the model, as name=value");
        sub.add_option("--seed", options.seed)->capture_default_str();
        sub.add_flag("--binary,!--multiclass", options.binary, "Benign against everything else");
        sub.add_flag("--json", options.json, "the evaluation as JSON");
      },
      [](const TrainCommand& options, World& world) {
        return run_train(options, world.clock, world.interrupt.token());
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
        sub.add_flag("--json", options.json);
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
  add_command<SimulateOptions>(
      app, "simulate", "a fleet, or a replayed capture, over MQTT or into a file",
      "vedette simulate --devices 30 --duration 600 --seed 7 --to flows.log", chosen,
      describe_simulate<CLI::App>, [](const SimulateOptions& options, World& inside) {
        return run_simulate(options, inside.clock, inside.interrupt.token());
      });
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

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <thread>

#include "app/broker_process.hpp"
#include "app/commands.hpp"
#include "app/demo_story.hpp"
#include "app/live_fleet.hpp"
#include "app/scenario.hpp"
#include "app/service.hpp"
#include "app/simulate_command.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "fleet/fleet.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

// Twenty fleets like the demo's of a few minutes each, not one of some hours: a forest that has seen
// one fleet alone takes the habits of its few attackers for the attack, and said so of 35 % of the
// benign flows that a device in another fleet made within 5 s of attacking (of all benign flows:
// 1.3 % where 0.1 % was asked; of twenty fleets: 0.10 %).
constexpr std::size_t training_fleets = 20;
constexpr std::size_t fleet_flows = 10'000;
// Two of three flows are of floods and scans, each like the one before: of every label the first
// 400 of a fleet are learned from and one of eight after. All of them are part of what a device did
// lately.
constexpr std::size_t label_flows = 400;
constexpr std::size_t label_every = 8;
constexpr std::string_view truth_topic = "vedette/truth";

/// The scenario the demo plays: the user's own, or its story.
Result<FleetPlan> demo_plan(const DemoOptions& options) {
  Result<FleetPlan> plan = options.scenario.empty() ? parse_scenario(demo_story, "the demo's story")
                                                    : load_scenario(options.scenario);
  if (plan && options.seed) plan->seed = *options.seed;
  return plan;
}

/// Another scenario has another model, and so has another way of training.
Result<std::string> model_name(const DemoOptions& options) {
  constexpr std::uint64_t recipe = 2;
  if (options.scenario.empty()) return fmt::format("demo-{:016x}.vdm", hash64(demo_story, recipe));
  const auto text = MappedFile::open(options.scenario);
  if (!text) return text.error();
  return fmt::format("demo-{:016x}.vdm", hash64(text->bytes(), recipe));
}

/// Adds what the fleet does in a few minutes, everything new to everybody in the beginning as when
/// the demo starts.
Status add_fleet(FleetPlan plan, const std::string& name, DatasetWriter& writer, Progress& progress,
                 const std::stop_token& stop) {
  FleetSimulator simulator{std::move(plan)};
  std::map<std::string, std::size_t> flows_of;
  Simulated item;
  for (std::size_t flows = 0; flows < fleet_flows;) {
    if (stop.stop_requested()) return Error{Errc::cancelled, "stopped"};
    simulator.next(item);
    if (!item.topic.empty() || item.record.kind != RecordKind::flow) continue;
    const std::size_t before = flows_of[item.truth.label]++;
    const bool learned =
        item.truth.label == benign_label || before < label_flows || before % label_every == 0;
    writer.add(name, item.record, learned ? item.truth : Truth{});
    ++flows;
    progress.advance();
  }
  return {};
}

/// Labelled flows of such fleets with other seeds, and with every attack by chance instead of those
/// of the scenario: the page does not show the model its own training data. The threshold is set on
/// fleets that were not trained on.
Status make_model(FleetPlan fleet, const std::filesystem::path& path, const Clock& clock,
                  std::stop_token stop) {
  fmt::print("training on {} simulated flows …\n", training_fleets * fleet_flows);
  std::fflush(stdout);
  fleet.start = clock.now() - std::chrono::days{21};
  fleet.readings = false;
  fleet.episodes.clear();
  fleet.kinds.clear();
  fleet.episode_every = std::chrono::seconds{60};
  fleet.episode_length = std::chrono::seconds{30};
  DatasetWriter writer;
  Progress progress{"simulating", training_fleets * fleet_flows};
  for (std::size_t i = 0; i < training_fleets; ++i) {
    ++fleet.seed;
    // Some at night, some by day.
    fleet.start += std::chrono::hours{5};
    const Status added = add_fleet(fleet, fmt::format("simulated-{}", i), writer, progress, stop);
    if (!added) return added;
  }
  progress.finish();
  const std::filesystem::path dataset_path = path.parent_path() / "simulated.vds";
  if (Status saved = writer.save(dataset_path); !saved) return saved;
  const auto dataset = Dataset::load(dataset_path);
  if (!dataset) return dataset.error();
  TrainOptions train_options;
  train_options.split.by = "capture";
  train_options.split.train_share = 0.7;
  train_options.columns = "windows";
  train_options.created = to_rfc3339(clock.now());
  train_options.fit.threads = std::max(1U, std::thread::hardware_concurrency());
  train_options.fit.stop = stop;
  auto trained = train(*dataset, forest_kind, train_options);
  if (!trained) return trained.error();
  if (Status saved = save_model(path, trained->file); !saved) return saved;
  fmt::print("  {}: accuracy {:.4f}, macro-F1 {:.4f} on flows it was not trained on\n",
             trained->file.id, trained->evaluation.accuracy, trained->evaluation.macro_f1);
  return {};
}

Config demo_config(const DemoOptions& options, const std::string& broker,
                   const std::filesystem::path& model, std::uint16_t port) {
  Config config;
  config.mqtt.uri = broker;
  config.mqtt.client_id = "vedette-demo";
  config.http.port = port;
  config.store.uri = "sqlite:" + (options.state / "demo.db").string();
  config.models.folder = options.state / "models";
  config.models.flow = model.string();
  config.scoreboard.truth = std::string{truth_topic} + "/#";
  return config;
}

/// The demo's password is new at each start: it is printed once and kept nowhere.
Result<std::string> new_password(Store& store, const Clock& clock) {
  std::string password = random_password();
  Status done = put_user_with_password(store, clock, "admin", password, "admin");
  if (!done) return done.error();
  return password;
}

}  // namespace

Status run_demo(const DemoOptions& options, const Clock& clock, std::stop_token stop) {
  std::error_code failed;
  std::filesystem::create_directories(options.state / "models", failed);
  if (failed) return Error{Errc::io, options.state.string() + ": " + failed.message()};
  const Result<FleetPlan> plan = demo_plan(options);
  if (!plan) return plan.error();
  const Result<std::string> name = model_name(options);
  if (!name) return name.error();
  const std::filesystem::path model = options.state / "models" / *name;
  if (!std::filesystem::exists(model)) {
    if (Status made = make_model(*plan, model, clock, stop); !made) return made;
  }
  auto broker = BrokerProcess::start(options.state / "mosquitto", stop);
  if (!broker) return broker.error();
  const auto port = free_port(options.port);
  if (!port) return port.error();
  if (*port != options.port) fmt::print("port {} is taken, using {}\n", options.port, *port);
  LiveFleet live;
  auto service = Service::start(demo_config(options, broker->uri(), model, *port), clock, &live);
  if (!service) return service.error();
  const auto password = new_password((*service)->store(), clock);
  if (!password) return password.error();

  std::jthread fleet{[&](std::stop_token ended) {
    SimulateOptions simulate;
    simulate.to = broker->uri();
    simulate.fleet = *plan;
    simulate.length = plan->duration;
    simulate.truth_topic = truth_topic;
    simulate.between = [&](FleetSimulator& simulator) { live.serve(simulator); };
    simulate.progress = false;
    if (const auto done = run_simulate(simulate, clock, ended); !done) {
      log::error("the simulated fleet stopped: {}", done.error().message);
    }
  }};
  fmt::print(
      "\n  dashboard   {}\n  user        admin\n  password    {}\n  broker      {}\n\n"
      "Ctrl-C ends it.\n",
      (*service)->url(), *password, broker->uri());
  std::fflush(stdout);
  const Status done = (*service)->run(stop);
  fmt::print("stopping …\n");
  return done;
}

}  // namespace vedette

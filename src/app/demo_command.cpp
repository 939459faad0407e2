#include <fmt/format.h>

#include <cstdio>
#include <thread>

#include "app/broker_process.hpp"
#include "app/commands.hpp"
#include "app/live_fleet.hpp"
#include "app/service.hpp"
#include "app/simulate_command.hpp"
#include "app/tables.hpp"
#include "base/log.hpp"
#include "fleet/fleet.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

// About four days of 24 devices at the default pace: enough episodes of every attack to learn from,
// and a second of training.
constexpr std::size_t training_flows = 200'000;

/// Labelled simulated flows of another seed than the live fleet's, so that the page does not show
/// the model its own training data.
Status make_model(const DemoOptions& options, const std::filesystem::path& path, const Clock& clock,
                  std::stop_token stop) {
  fmt::print("training on {} simulated flows …\n", training_flows);
  std::fflush(stdout);
  FleetPlan fleet;
  fleet.devices = options.devices;
  fleet.seed = options.seed + 1;
  fleet.start = clock.now() - std::chrono::days{7};
  FleetSimulator simulator{fleet};
  DatasetWriter writer;
  Simulated item;
  Progress progress{"simulating", training_flows};
  while (writer.size() < training_flows) {
    if (stop.stop_requested()) return Error{Errc::cancelled, "stopped"};
    simulator.next(item);
    if (item.record.kind != RecordKind::flow) continue;
    writer.add("simulated", item.record, item.truth);
    progress.advance();
  }
  progress.finish();
  const std::filesystem::path dataset_path = path.parent_path() / "simulated.vds";
  if (Status saved = writer.save(dataset_path); !saved) return saved;
  const auto dataset = Dataset::load(dataset_path);
  if (!dataset) return dataset.error();
  TrainOptions train_options;
  train_options.split.by = "time";
  train_options.created = to_rfc3339(clock.now());
  train_options.fit.threads = std::max(1U, std::thread::hardware_concurrency());
  train_options.fit.stop = stop;
  auto trained = train(*dataset, tree_kind, train_options);
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
  config.scoreboard.truth = "vedette/truth/#";
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
  const std::filesystem::path model = options.state / "models" / "demo-tree.vdm";
  if (!std::filesystem::exists(model)) {
    if (Status made = make_model(options, model, clock, stop); !made) return made;
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
    simulate.fleet.devices = options.devices;
    simulate.fleet.seed = options.seed;
    // Livelier than life: about forty messages a second, and something happens every minute.
    simulate.fleet.pace = 4;
    simulate.fleet.episode_every = std::chrono::seconds{40};
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

#include "app/service.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/assets.hpp"
#include "app/tables.hpp"
#include "base/log.hpp"
#include "ingest/ingest.hpp"
#include "sink/sink.hpp"
#include "source/mqtt_source.hpp"

namespace vedette {

namespace {

std::string status_json(bool online, const Clock& clock) {
  return fmt::format(R"({{"online":{},"version":"{}","time":"{}"}})", online, VEDETTE_VERSION,
                     to_rfc3339(clock.now()));
}

/// The model the user activated last, if it is still in the folder.
Result<std::shared_ptr<const Detector>> activated(const Store& store,
                                                  const std::filesystem::path& folder,
                                                  RecordKind kind) {
  Result<std::string> id = store.setting(fmt::format("model.{}.active", name_of(kind)));
  if (!id) return id.error();
  std::shared_ptr<const Detector> none;
  if (id->empty()) return none;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{folder, ignored}) {
    if (entry.path().extension() != ".vdm") continue;
    const Result<ModelFile> file = load_model(entry.path(), model_kinds());
    if (file && file->id == *id) return load_detector(entry.path());
  }
  log::warn("model {} was active but is no longer in {}", *id, folder.string());
  return none;
}

Result<std::shared_ptr<const Detector>> configured(const Config& config, RecordKind kind) {
  const std::string& name = kind == RecordKind::flow ? config.models.flow : config.models.reading;
  if (name.empty()) return std::shared_ptr<const Detector>{};
  if (kind == RecordKind::reading && name == "series") return series_detector();
  Result<std::shared_ptr<const Detector>> loaded = load_detector(name);
  if (loaded && (*loaded)->features().schema().record_kind != kind) {
    return Error{Errc::mismatch,
                 fmt::format("{}: judges {}s, not {}s", name,
                             name_of((*loaded)->features().schema().record_kind), name_of(kind))};
  }
  return loaded;
}

Result<std::shared_ptr<const DetectorSet>> choose_detectors(const Config& config,
                                                            const Store& store) {
  auto set = std::make_shared<DetectorSet>();
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    auto chosen = activated(store, config.models.folder, kind);
    if (chosen && *chosen == nullptr) chosen = configured(config, kind);
    if (!chosen) return chosen.error();
    if (*chosen == nullptr) {
      log::warn("no model for {}s: they are stored with certainty no_model", name_of(kind));
    }
    set->active[static_cast<std::size_t>(kind)] = *chosen;
  }
  return std::shared_ptr<const DetectorSet>{set};
}

Result<MqttOptions> connection(const Config& config, std::string_view client_suffix) {
  Result<MqttUri> broker = parse_mqtt_uri(config.mqtt.uri);
  if (!broker) return broker.error();
  MqttOptions options;
  options.broker = std::move(broker).value();
  options.client_id = config.mqtt.client_id + std::string{client_suffix};
  options.ca_file = config.mqtt.ca_file;
  return options;
}

/// Beside the store: "vedette.db" and "vedette.state". A server holds no files of ours: then it
/// lies in the models' folder.
std::filesystem::path state_file(const Config& config) {
  if (!config.state.keep) return {};
  std::string_view path = config.store.uri;
  if (constexpr std::string_view scheme = "sqlite:"; path.starts_with(scheme)) {
    path.remove_prefix(scheme.size());
  } else if (path.find("://") != std::string_view::npos) {
    return config.models.folder / "vedette.state";
  }
  return std::filesystem::path{path}.replace_extension(".state");
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  system_entropy(std::as_writable_bytes(std::span{&seed, 1}));
  return seed;
}

}  // namespace

Service::Service(const Config& config, const Clock& clock, FleetControl* fleet)
    : config_(config), clock_(clock), fleet_(fleet) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(const Config& config, const Clock& clock,
                                                FleetControl* fleet) {
  std::unique_ptr<Service> service{new Service{config, clock, fleet}};
  for (const auto part : {&Service::open_parts, &Service::open_scoreboard, &Service::open_line,
                          &Service::open_http}) {
    if (Status done = (service.get()->*part)(); !done) return done.error();
  }
  return service;
}

Status Service::open_parts() {
  std::error_code failed;
  std::filesystem::create_directories(config_.models.folder, failed);
  if (failed) return Error{Errc::io, config_.models.folder.string() + ": " + failed.message()};
  auto store = open_store(config_.store.uri, config_.store.retention);
  if (!store) return store.error();
  store_ = std::move(store).value();
  auto exclusions = store_->exclusions();
  if (!exclusions) return exclusions.error();
  exclusions_.swap(std::move(exclusions).value());
  if (!config_.alerts.mqtt) return {};
  auto options = connection(config_, "-alerts");
  if (!options) return options.error();
  options->will_topic = config_.alerts.topic_prefix + "/status";
  options->will_payload = status_json(false, clock_);
  auto publisher = MqttPublisher::create(std::move(options).value());
  if (!publisher) return publisher.error();
  publisher_ = std::move(publisher).value();
  return {};
}

Status Service::open_scoreboard() {
  if (config_.scoreboard.truth.empty()) return {};
  if (Status apart = check_truth_apart(config_); !apart) return apart;
  auto options = connection(config_, "-truth");
  if (!options) return options.error();
  scoreboard_ = std::make_unique<Scoreboard>(clock_.now());
  auto truth = TruthChannel::create(std::move(options).value(), config_.scoreboard.truth,
                                    *scoreboard_, random_seed());
  if (!truth) return truth.error();
  truth_ = std::move(truth).value();
  return {};
}

Status Service::open_line() {
  auto detectors = choose_detectors(config_, *store_);
  if (!detectors) return detectors.error();
  auto options = connection(config_, "");
  if (!options) return options.error();
  SubscriberOptions subscription;
  subscription.connection = std::move(options).value();
  subscription.filters = config_.mqtt.filters;
  subscription.qos = config_.mqtt.qos;
  subscription.receive_maximum = config_.mqtt.receive_maximum;
  auto source = make_mqtt_source(std::move(subscription), clock_, random_seed());
  if (!source) return source.error();

  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(make_store_sink(*store_));
  if (publisher_) sinks.push_back(make_mqtt_alert_sink(*publisher_, config_.alerts.topic_prefix));
  sinks.push_back(make_live_sink(hub_));
  if (scoreboard_) sinks.push_back(make_scoreboard_sink(*scoreboard_));
  auto decoder = make_json_decoder({.payload_bytes_max = config_.limits.payload_bytes_max});
  pipeline_ = std::make_unique<Pipeline>(
      std::make_unique<Ingest>(std::move(source).value(), std::move(decoder)), *detectors,
      std::move(sinks), clock_,
      PipelineOptions{.batch_records_max = config_.limits.batch_records_max,
                      .spacing = std::chrono::milliseconds{3},
                      .state_file = state_file(config_),
                      .state_every = config_.state.every,
                      .exclusions = &exclusions_});
  return {};
}

Status Service::open_http() {
  api_ = std::make_unique<Api>(
      ApiParts{*store_, *pipeline_, hub_, clock_, model_kinds(), config_.models.folder,
               dashboard_assets(), system_entropy, VEDETTE_VERSION, scoreboard_.get(), &exclusions_,
               fleet_, AlarmTarget{config_.alerts.false_positive_rate, config_.alerts.per_day}});
  HttpOptions options;
  options.address = config_.http.address;
  options.port = config_.http.port;
  options.certificate_file = config_.http.certificate;
  options.key_file = config_.http.key;
  auto server = HttpServer::start(
      std::move(options), [this](const HttpRequest& request) { return api_->handle(request); },
      [this](const HttpRequest& request) { return api_->body_limit(request); });
  if (!server) return server.error();
  http_ = std::move(server).value();
  return {};
}

Status Service::run(std::stop_token stop) {
  const std::string status_topic = config_.alerts.topic_prefix + "/status";
  const auto announce = [&](bool online) {
    if (!publisher_) return;
    if (const Status sent = publisher_->publish(status_topic, status_json(online, clock_), 1, true);
        !sent) {
      log::warn("{}: {}", status_topic, sent.error().message);
    }
  };
  announce(true);
  std::jthread ticker{[this](std::stop_token ended) {
    std::mutex mutex;
    std::condition_variable_any pause;
    auto next = std::chrono::steady_clock::now();
    while (!ended.stop_requested()) {
      api_->tick();
      next += std::chrono::seconds{1};
      std::unique_lock lock{mutex};
      pause.wait_until(lock, ended, next, [] { return false; });
    }
  }};
  std::jthread teller;
  if (truth_) teller = std::jthread{[this](const std::stop_token& ended) { truth_->run(ended); }};
  const Status done = pipeline_->run(stop);
  teller.request_stop();
  ticker.request_stop();
  announce(false);
  if (publisher_ && publisher_->connected()) {
    // Best effort: the broker tells everybody by our last will when this is too slow.
    [[maybe_unused]] const Status drained =
        publisher_->wait_drained(0, std::chrono::milliseconds{1000});
  }
  return done;
}

std::string Service::url() const {
  const bool any = config_.http.address == "0.0.0.0" || config_.http.address == "::";
  const std::string host = any ? "localhost" : config_.http.address;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", config_.http.certificate.empty() ? "http" : "https",
                     v6 ? "[" : "", host, v6 ? "]" : "", http_->port());
}

Result<std::string> ensure_admin(Store& store, const Clock& clock) {
  const auto users = store.users();
  if (!users) return users.error();
  if (!users->empty()) return std::string{};
  std::string password = random_password();
  if (Status done = put_user_with_password(store, clock, "admin", password, "admin"); !done) {
    return done.error();
  }
  return password;
}

void system_entropy(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    expects(got > 0 || errno == EINTR, "the system gives random bytes");
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

std::string random_password() {
  // Without 0 O 1 l I: people type this from a terminal. 57 signs, bytes above 4 * 57 are redrawn.
  constexpr std::string_view signs = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::string password;
  while (password.size() < 20) {
    std::byte byte{};
    system_entropy({&byte, 1});
    const auto value = std::to_integer<std::size_t>(byte);
    if (value < 4 * signs.size()) password += signs[value % signs.size()];
  }
  return password;
}

}  // namespace vedette

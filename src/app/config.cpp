#include "app/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <optional>
#include <set>
#include <string_view>

#include "api/api.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "net/topic_filter.hpp"

namespace vedette {

namespace {

/// Reads one table key by key; what nobody asked for in the end is an unknown key. Keeps the first
/// error, so that the reading code can be a plain list.
class Section {
 public:
  Section(const toml::table& root, std::string_view name, const std::filesystem::path& path,
          std::optional<Error>& error)
      : name_(name), path_(path), error_(error) {
    const toml::node* node = root.get(name);
    if (node == nullptr) return;
    table_ = node->as_table();
    if (table_ == nullptr) fail(*node, Errc::wrong_type, fmt::format("\"{}\" is no table", name));
  }

  ~Section() {
    if (table_ == nullptr) return;
    for (const auto& [key, node] : *table_) {
      if (known_.contains(std::string{key.str()})) continue;
      fail(node, Errc::unsupported,
           fmt::format("[{}] has no key \"{}\"; it has: {}", name_, key.str(),
                       fmt::join(known_, ", ")));
    }
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  void read(const char* key, std::string& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string>();
    if (!value) return fail(*node, Errc::wrong_type, describe(key, "a string"));
    out = *value;
  }
  void read(const char* key, bool& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<bool>();
    if (!value) return fail(*node, Errc::wrong_type, describe(key, "true or false"));
    out = *value;
  }
  void read(const char* key, std::vector<std::string>& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr || array->empty() || !array->is_homogeneous<std::string>()) {
      return fail(*node, Errc::wrong_type, describe(key, "a list of strings"));
    }
    out.clear();
    for (const auto& item : *array) out.push_back(**item.as_string());
  }
  /// A number above 0.
  void read(const char* key, double& out, double high) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value<double>();
    if (!node->is_number() || !value || !(*value > 0) || *value > high) {
      return fail(*node, node->is_number() ? Errc::out_of_range : Errc::wrong_type,
                  describe(key, fmt::format("a number above 0, at most {}", high)));
    }
    out = *value;
  }
  template <class T>
  requires std::is_integral_v<T>
  void read(const char* key, T& out, std::int64_t low, std::int64_t high) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < low || *value > high) {
      return fail(*node, value ? Errc::out_of_range : Errc::wrong_type,
                  describe(key, fmt::format("an integer from {} to {}", low, high)));
    }
    out = static_cast<T>(*value);
  }

 private:
  const toml::node* find(const char* key) {
    known_.insert(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  std::string describe(const char* key, std::string_view wanted) const {
    return fmt::format("{}.{} must be {}", name_, key, wanted);
  }
  void fail(const toml::node& node, Errc code, std::string_view what) {
    if (error_) return;
    error_ =
        Error{code, fmt::format("{} line {}: {}", path_.string(), node.source().begin.line, what)};
  }

  const toml::table* table_ = nullptr;
  std::string name_;
  const std::filesystem::path& path_;
  std::optional<Error>& error_;
  std::set<std::string> known_;
};

void read_mqtt(Section&& section, Config::Mqtt& mqtt) {
  section.read("uri", mqtt.uri);
  section.read("filters", mqtt.filters);
  section.read("qos", mqtt.qos, 0, 1);
  section.read("client_id", mqtt.client_id);
  section.read("ca_file", mqtt.ca_file);
  section.read("receive_maximum", mqtt.receive_maximum, 1, 65535);
}

void read_http(Section&& section, Config::Http& http) {
  section.read("address", http.address);
  section.read("port", http.port, 0, 65535);
  section.read("certificate", http.certificate);
  section.read("key", http.key);
}

void read_store(Section&& section, Config::StoreSettings& store) {
  std::int64_t days = 30;
  std::int64_t mebibytes = 10 * 1024;
  std::int64_t quiet = store.retention.alarms.quiet.count();
  section.read("uri", store.uri);
  section.read("retention_days", days, 1, 36'500);
  section.read("size_max_mib", mebibytes, 16, std::int64_t{1} << 30);
  section.read("quarantine_max", store.retention.quarantine_max, 1, 10'000'000);
  section.read("alert_quiet_seconds", quiet, 1, 86'400);
  store.retention.age_max = std::chrono::hours{days * 24};
  store.retention.bytes_max = static_cast<std::uint64_t>(mebibytes) << 20U;
  store.retention.alarms.quiet = std::chrono::seconds{quiet};
}

void read_rest(const toml::table& root, const std::filesystem::path& path,
               std::optional<Error>& error, Config& config) {
  {
    Section section{root, "models", path, error};
    std::string folder = config.models.folder.string();
    section.read("folder", folder);
    section.read("flow", config.models.flow);
    section.read("reading", config.models.reading);
    config.models.folder = folder;
  }
  {
    Section section{root, "alerts", path, error};
    section.read("mqtt", config.alerts.mqtt);
    section.read("topic_prefix", config.alerts.topic_prefix);
    section.read("per_day", config.alerts.per_day, alerts_per_day_max);
    section.read("false_positive_rate", config.alerts.false_positive_rate, false_positive_rate_max);
    std::int64_t evidence = 2;
    section.read("evidence", evidence, 1, 10);
    config.store.retention.alarms.evidence = static_cast<float>(evidence);
  }
  {
    Section section{root, "state", path, error};
    std::int64_t every = config.state.every.count();
    section.read("keep", config.state.keep);
    section.read("every_seconds", every, 1, 86'400);
    config.state.every = std::chrono::seconds{every};
  }
  {
    Section section{root, "scoreboard", path, error};
    section.read("truth", config.scoreboard.truth);
  }
  Section section{root, "limits", path, error};
  section.read("payload_bytes_max", config.limits.payload_bytes_max, 64, 16 << 20);
  section.read("batch_records_max", config.limits.batch_records_max, 1, 50'000);
}

/// Paths in the file count from the file's own folder.
void anchor(Config& config, const std::filesystem::path& folder) {
  const auto at = [&](const std::string& path) {
    return path.empty() ? path : (folder / path).lexically_normal().string();
  };
  constexpr std::string_view scheme = "sqlite:";
  std::string& uri = config.store.uri;
  if (uri.starts_with(scheme)) uri = std::string{scheme} + at(uri.substr(scheme.size()));
  config.models.folder = at(config.models.folder.string());
  config.models.flow = at(config.models.flow);
  if (config.models.reading != "series") config.models.reading = at(config.models.reading);
  config.mqtt.ca_file = at(config.mqtt.ca_file);
  config.http.certificate = at(config.http.certificate);
  config.http.key = at(config.http.key);
}

std::optional<Error> check_tables(const toml::table& root, const std::filesystem::path& path) {
  static const std::set<std::string_view> known{"mqtt",   "http",  "store",      "models",
                                                "alerts", "state", "scoreboard", "limits"};
  for (const auto& [key, node] : root) {
    if (known.contains(key.str())) continue;
    return Error{Errc::unsupported,
                 fmt::format("{} line {}: no table \"{}\"; there are: {}", path.string(),
                             node.source().begin.line, key.str(), fmt::join(known, ", "))};
  }
  return {};
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::filesystem::path& path) try {
  const toml::table root = toml::parse(text, path.string());
  Config config;
  std::optional<Error> error = check_tables(root, path);
  read_mqtt({root, "mqtt", path, error}, config.mqtt);
  read_http({root, "http", path, error}, config.http);
  read_store({root, "store", path, error}, config.store);
  read_rest(root, path, error, config);
  if (error) return *error;
  if (config.mqtt.receive_maximum < config.limits.batch_records_max) {
    return Error{
        Errc::out_of_range,
        fmt::format("{}: mqtt.receive_maximum ({}) is below limits.batch_records_max ({})",
                    path.string(), config.mqtt.receive_maximum, config.limits.batch_records_max)};
  }
  if (config.alerts.per_day > 0 && config.alerts.false_positive_rate > 0) {
    return Error{Errc::refused,
                 fmt::format("{}: alerts.per_day and alerts.false_positive_rate exclude each other",
                             path.string())};
  }
  if (config.http.certificate.empty() != config.http.key.empty()) {
    return Error{Errc::missing_field,
                 fmt::format("{}: http.certificate and http.key belong together", path.string())};
  }
  if (Status apart = check_truth_apart(config); !apart) {
    return Error{apart.error().code, fmt::format("{}: {}", path.string(), apart.error().message)};
  }
  anchor(config, path.parent_path());
  return config;
} catch (const toml::parse_error& wrong) {
  return Error{Errc::malformed, fmt::format("{} line {}: {}", path.string(),
                                            wrong.source().begin.line, wrong.description())};
}

Status check_truth_apart(const Config& config) {
  if (config.scoreboard.truth.empty()) return {};
  for (const std::string& filter : config.mqtt.filters) {
    if (!filters_overlap(filter, config.scoreboard.truth)) continue;
    return Error{Errc::refused,
                 fmt::format("scoreboard.truth {} overlaps mqtt.filters {}: a detector could read "
                             "the truth",
                             vedette::quoted(config.scoreboard.truth), vedette::quoted(filter))};
  }
  return {};
}

Result<Config> load_config(const std::filesystem::path& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  return parse_config(file->text(), path);
}

}  // namespace vedette

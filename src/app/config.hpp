/// vedette.toml: every setting of the service, with its default. docs/config.md explains each.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/net.hpp"
#include "store/store.hpp"

namespace vedette {

struct Config {
  struct Mqtt {
    std::string uri = "mqtt://127.0.0.1:1883";
    std::vector<std::string> filters{"iot/#"};
    int qos = 1;
    std::string client_id = "vedette";
    std::string ca_file;
    std::uint16_t receive_maximum = 8192;
  } mqtt;
  struct Http {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    std::string certificate;
    std::string key;
  } http;
  struct StoreSettings {
    std::string uri = "sqlite:vedette.db";
    Retention retention;
  } store;
  struct Models {
    std::filesystem::path folder = "models";
    std::string flow;                ///< a .vdm file; "" until one is activated
    std::string reading = "series";  ///< "series" is built in; "" none; else a .vdm file
  } models;
  struct Alerts {
    bool mqtt = true;
    std::string topic_prefix = "vedette";
    /// At most one of both; 0: not said. Neither: the threshold of the model's file.
    double per_day = 0;
    double false_positive_rate = 0;
  } alerts;
  struct State {
    bool keep = true;  ///< what the line knows of the devices, beside the store
    std::chrono::seconds every{60};
  } state;
  struct ScoreboardSettings {
    std::string truth;  ///< topic filter of the truth of simulated records; "": no scoreboard
  } scoreboard;
  struct Limits {
    std::size_t payload_bytes_max = std::size_t{256} << 10U;
    std::size_t batch_records_max = 2000;
  } limits;
};

/// Relative paths in the file are relative to the file's folder. @return not_found, or malformed /
/// out_of_range / unsupported naming file, line and key.
Result<Config> load_config(const std::filesystem::path& path);
Result<Config> parse_config(std::string_view text, const std::filesystem::path& path);

/// The truth is on topics that the line does not subscribe to. @return refused, naming both
/// filters.
Status check_truth_apart(const Config& config);

}  // namespace vedette

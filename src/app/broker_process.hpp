/// A private Mosquitto for `vedette demo`.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

#include "base/result.hpp"

namespace vedette {

/// A Mosquitto of our own on loopback, with the settings that lose nothing: no queue limit, saved
/// every second. It ends with this object, and with this process however that ends.
class BrokerProcess {
 public:
  /// Files live in `folder` (made when missing). Returns once it accepts connections.
  /// @return not_found when mosquitto is not installed, unavailable when it does not come up.
  static Result<BrokerProcess> start(const std::filesystem::path& folder, std::stop_token stop);
  BrokerProcess(BrokerProcess&& other) noexcept;
  BrokerProcess& operator=(BrokerProcess&&) = delete;
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;
  ~BrokerProcess();

  std::string uri() const;

 private:
  BrokerProcess(pid_t pid, std::uint16_t port) : pid_(pid), port_(port) {}
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// A port on 127.0.0.1 that was free a moment ago; `wanted` itself when it is.
Result<std::uint16_t> free_port(std::uint16_t wanted);

}  // namespace vedette

#include <fmt/format.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/service.hpp"
#include "base/log.hpp"

namespace vedette {

Status run_serve(const std::filesystem::path& path, const Clock& clock, std::stop_token stop) {
  Config config;
  if (!path.empty()) {
    auto loaded = load_config(path);
    if (!loaded) return loaded.error();
    config = std::move(loaded).value();
  }
  auto service = Service::start(config, clock);
  if (!service) return service.error();
  const auto password = ensure_admin((*service)->store(), clock);
  if (!password) return password.error();
  if (!password->empty()) {
    fmt::print("first start: sign in as admin with password {}\n", *password);
  }
  fmt::print("dashboard: {}\n", (*service)->url());
  std::fflush(stdout);
  const Status done = (*service)->run(stop);
  log::info("stopped");
  return done;
}

}  // namespace vedette

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "app/commands.hpp"
#include "app/service.hpp"
#include "app/tables.hpp"

namespace vedette {

namespace {

/// One line from standard input; a terminal does not show it.
std::string read_password() {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal) {
    std::cerr << "password (empty: make one): " << std::flush;
    ::tcgetattr(STDIN_FILENO, &before);
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::cerr << '\n';
  }
  return line;
}

Result<std::unique_ptr<Store>> store_of(const UserOptions& options) {
  Config config;
  if (!options.config.empty()) {
    auto loaded = load_config(options.config);
    if (!loaded) return loaded.error();
    config = std::move(loaded).value();
  }
  return open_store(config.store.uri, config.store.retention);
}

}  // namespace

Status run_user_add(const UserOptions& options, const Clock& clock) {
  auto store = store_of(options);
  if (!store) return store.error();
  std::string password = read_password();
  const bool made = password.empty();
  if (made) password = random_password();
  Status done = put_user_with_password(**store, clock, options.name, password, options.role);
  if (done && made) fmt::print("password: {}\n", password);
  return done;
}

Status run_user_token(const UserOptions& options, const Clock& clock) {
  auto store = store_of(options);
  if (!store) return store.error();
  const auto secret = make_api_token(**store, clock, system_entropy, options.name, options.token,
                                     std::chrono::hours{24 * options.token_days});
  if (!secret) return secret.error();
  fmt::print("{}\n", *secret);
  return {};
}

Status run_user_list(const UserOptions& options) {
  auto store = store_of(options);
  if (!store) return store.error();
  const auto users = (*store)->users();
  if (!users) return users.error();
  for (const User& user : *users) {
    fmt::print("{:<24} {:<8} since {}\n", user.name, user.role, to_rfc3339(user.created));
  }
  return {};
}

}  // namespace vedette

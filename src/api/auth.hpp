/// Auth: who is calling, and what they may do.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "api/api.hpp"
#include "api/password.hpp"
#include "api/throttle.hpp"

namespace vedette {

constexpr std::size_t tokens_per_user_max = 32;
constexpr std::size_t sessions_per_user_max = 32;
constexpr std::size_t users_max = 1000;

/// An identified caller.
struct Caller {
  std::string user;
  std::string role;
  std::string token_hash;
  bool by_cookie = false;
  bool admin() const { return role == "admin"; }
};

/// Thread-safe.
class Auth {
 public:
  Auth(Store& store, const Clock& clock, std::function<void(std::span<std::byte>)> entropy);

  /// Nobody when there is no valid cookie or bearer token. @return what the store returns.
  Result<std::optional<Caller>> identify(const HttpRequest& request);
  /// 200 with the cookie, 401, 429, 503.
  HttpResponse login(const HttpRequest& request, const std::string& user,
                     const std::string& password);
  HttpResponse logout(const Caller& caller);

  /// 201, 400, 409 (the last administrator), 503.
  HttpResponse put_user(const Caller& caller, const std::string& name, const std::string& password,
                        const std::string& role);
  HttpResponse drop_user(const Caller& caller, const std::string& name);
  HttpResponse make_token(const Caller& caller, const std::string& name, std::chrono::hours life);
  HttpResponse drop_token(const Caller& caller, const std::string& name);

  /// Written after the deed; a store that refuses is logged.
  void audit(const std::string& user, const std::string& action, const std::string& subject);

 private:
  std::optional<HttpResponse> throttled(const HttpRequest& request, const std::string& user);
  HttpResponse open_session(const HttpRequest& request, const User& user);
  Status drop_old_sessions(const std::string& user);
  Result<bool> is_last_admin(const std::string& name);

  Store& store_;
  const Clock& clock_;
  std::function<void(std::span<std::byte>)> entropy_;
  Throttle throttle_;
  PasswordGate gate_;
  std::mutex users_mutex_;  // "not the last admin" is a look and a deed
};

/// A request that changes something and is authenticated by a cookie must come from our own page.
/// Nothing when it does; 403 for a foreign origin, 415 for a body a plain form could send.
std::optional<HttpResponse> foreign_origin(const HttpRequest& request);

/// The HTTP answer for an error of store, model or file.
HttpResponse problem_of(const Error& error);

}  // namespace vedette

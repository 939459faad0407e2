#include "api/auth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

constexpr std::chrono::hours session_life{12};
constexpr std::string_view cookie_name = "vedette_session";

std::string peer_key(const HttpRequest& request) {
  return "peer " + request.peer;
}
std::string user_key(const std::string& user) {
  return "user " + user;
}

HttpResponse try_later(int status, std::string_view detail, std::chrono::seconds wait) {
  HttpResponse response = http_problem(status, detail);
  response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return response;
}

HttpResponse busy_with_passwords() {
  return try_later(503, "two passwords are being checked already, try again in a second",
                   std::chrono::seconds{1});
}

std::string set_cookie(std::string_view secret, std::chrono::seconds life, bool tls) {
  return fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{}", cookie_name, secret,
                     life.count(), tls ? "; Secure" : "");
}

/// The secret a request carries and the kind of token it must belong to.
struct Credential {
  std::string_view secret;
  std::string_view kind;
};

std::optional<Credential> credential_of(const HttpRequest& request) {
  constexpr std::string_view bearer = "Bearer ";
  if (const auto header = request.header("authorization")) {
    if (!header->starts_with(bearer)) return {};
    return Credential{header->substr(bearer.size()), "api"};
  }
  const auto cookie = request.cookies.find(cookie_name);
  if (cookie == request.cookies.end()) return {};
  return Credential{cookie->second, "session"};
}

}  // namespace

HttpResponse problem_of(const Error& error) {
  switch (error.code) {
    case Errc::not_found:
      return http_problem(404, error.message);
    case Errc::too_large:
      return http_problem(413, error.message);
    case Errc::busy:
    case Errc::unavailable:
      return try_later(503, error.message, std::chrono::seconds{1});
    case Errc::io:
    case Errc::cancelled:
      return http_problem(500, error.message);
    default:
      return http_problem(400, error.message);
  }
}

std::optional<HttpResponse> foreign_origin(const HttpRequest& request) {
  if (request.method == "GET") return {};
  if (request.header("sec-fetch-site").value_or("same-origin") == "cross-site") {
    return http_problem(403, "the request comes from another site");
  }
  if (const auto origin = request.header("origin")) {
    const auto scheme = origin->find("://");
    const bool same = scheme != std::string_view::npos &&
                      origin->substr(scheme + 3) == request.header("host").value_or("");
    if (!same) {
      return http_problem(403, "origin " + vedette::quoted(*origin) + " is not this server");
    }
  }
  const std::string_view full_type = request.header("content-type").value_or("");
  const std::string_view type = full_type.substr(0, full_type.find_first_of("; "));
  // A foreign page can never send DELETE without a preflight, which we do not answer.
  const bool bare_delete = request.method == "DELETE" && type.empty() && request.body.empty();
  if (bare_delete || type == "application/json" || type == "application/octet-stream") return {};
  return http_problem(415, "content type " + vedette::quoted(full_type) +
                               " is neither application/json nor application/octet-stream");
}

Auth::Auth(Store& store, const Clock& clock, std::function<void(std::span<std::byte>)> entropy)
    : store_(store), clock_(clock), entropy_(std::move(entropy)) {}

void Auth::audit(const std::string& user, const std::string& action, const std::string& subject) {
  const Status put = store_.put_audit({clock_.now(), user, action, subject});
  if (!put) log::error("audit: {} {} {}: {}", user, action, subject, put.error().message);
}

Result<std::optional<Caller>> Auth::identify(const HttpRequest& request) {
  const auto credential = credential_of(request);
  if (!credential) return std::optional<Caller>{};
  const std::string hash = hash_secret(credential->secret);
  const auto token = store_.token(hash);
  if (!token) return token.error();
  if (!*token || !same_hash((*token)->hash, hash) || (*token)->kind != credential->kind) {
    return std::optional<Caller>{};
  }
  if ((*token)->expires <= clock_.now()) {
    if (Status dropped = store_.drop_token(hash); !dropped) {
      log::warn("auth: an expired token stays: {}", dropped.error().message);
    }
    return std::optional<Caller>{};
  }
  const auto user = store_.user((*token)->user);
  if (!user) return user.error();
  if (!*user) return std::optional<Caller>{};
  return std::optional{
      Caller{(*user)->name, (*user)->role, hash, /*by_cookie=*/credential->kind == "session"}};
}

std::optional<HttpResponse> Auth::throttled(const HttpRequest& request, const std::string& user) {
  const Time now = clock_.now();
  auto wait = throttle_.attempt(peer_key(request), now);
  if (!wait) {
    wait = throttle_.attempt(user_key(user), now);
    if (wait) throttle_.give_back(peer_key(request));
  }
  if (!wait) return {};
  return try_later(429, fmt::format("too many attempts, try again in {} s", wait->count()), *wait);
}

HttpResponse Auth::login(const HttpRequest& request, const std::string& name,
                         const std::string& password) {
  if (auto refusal = throttled(request, name)) return std::move(*refusal);
  const auto give_back = [&] {
    throttle_.give_back(peer_key(request));
    throttle_.give_back(user_key(name));
  };
  const PasswordGate::Pass pass{gate_};
  if (!pass) return give_back(), busy_with_passwords();
  const auto user = store_.user(name);
  if (!user) return give_back(), problem_of(user.error());
  if (!password_matches(*user ? (*user)->password_hash : "", password)) {
    log::warn("login: {} from {} was refused", vedette::quoted(name), request.peer);
    return http_problem(401, "user or password is wrong");
  }
  // Only this attempt is taken back for the peer: an own account must not buy more guesses at
  // the accounts of others.
  throttle_.give_back(peer_key(request));
  throttle_.forget(user_key(name));
  return open_session(request, **user);
}

HttpResponse Auth::open_session(const HttpRequest& request, const User& user) {
  if (Status dropped = drop_old_sessions(user.name); !dropped) return problem_of(dropped.error());
  const std::string secret = new_secret(entropy_);
  const Time now = clock_.now();
  const Status put = store_.put_token({.hash = hash_secret(secret),
                                       .user = user.name,
                                       .kind = "session",
                                       .name = request.peer,
                                       .created = now,
                                       .expires = now + session_life});
  if (!put) return problem_of(put.error());
  audit(user.name, "login", request.peer);
  HttpResponse response;
  response.body = nlohmann::ordered_json{{"user", user.name}, {"role", user.role}}.dump();
  response.headers.emplace_back("Set-Cookie", set_cookie(secret, session_life, request.tls));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Status Auth::drop_old_sessions(const std::string& user) {
  auto tokens = store_.tokens(user);
  if (!tokens) return tokens.error();
  std::erase_if(*tokens, [](const Token& token) { return token.kind != "session"; });
  std::sort(tokens->begin(), tokens->end(),
            [](const Token& a, const Token& b) { return a.created > b.created; });
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    const Token& token = (*tokens)[i];
    // The new session takes one of the places.
    if (i + 1 < sessions_per_user_max && token.expires > clock_.now()) continue;
    if (Status dropped = store_.drop_token(token.hash); !dropped) return dropped;
  }
  return {};
}

HttpResponse Auth::logout(const Caller& caller) {
  if (Status dropped = store_.drop_token(caller.token_hash); !dropped) {
    return problem_of(dropped.error());
  }
  audit(caller.user, "logout", "");
  HttpResponse response = nothing_to_say();
  response.headers.emplace_back("Set-Cookie", set_cookie("", std::chrono::seconds{0}, false));
  return response;
}

Result<bool> Auth::is_last_admin(const std::string& name) {
  const auto users = store_.users();
  if (!users) return users.error();
  const bool is_admin = std::any_of(users->begin(), users->end(), [&](const User& user) {
    return user.name == name && user.role == "admin";
  });
  const bool others = std::any_of(users->begin(), users->end(), [&](const User& user) {
    return user.name != name && user.role == "admin";
  });
  return is_admin && !others;
}

HttpResponse Auth::put_user(const Caller& caller, const std::string& name,
                            const std::string& password, const std::string& role) {
  const std::lock_guard lock{users_mutex_};
  const auto users = store_.users();
  if (!users) return problem_of(users.error());
  const bool known = std::any_of(users->begin(), users->end(),
                                 [&](const User& user) { return user.name == name; });
  if (!known && users->size() >= users_max) {
    return http_problem(409, fmt::format("there are {} users already", users_max));
  }
  const auto last = is_last_admin(name);
  if (!last) return problem_of(last.error());
  if (*last && role != "admin") {
    return http_problem(409, "user " + vedette::quoted(name) + " is the last administrator");
  }
  const PasswordGate::Pass pass{gate_};
  if (!pass) return busy_with_passwords();
  const Status put = put_user_with_password(store_, clock_, name, password, role);
  if (!put) return problem_of(put.error());
  audit(caller.user, "user.put", name);
  HttpResponse response;
  response.status = 201;
  response.body = nlohmann::ordered_json{{"name", name}, {"role", role}}.dump();
  return response;
}

HttpResponse Auth::drop_user(const Caller& caller, const std::string& name) {
  const std::lock_guard lock{users_mutex_};
  const auto last = is_last_admin(name);
  if (!last) return problem_of(last.error());
  if (*last) {
    return http_problem(409, "user " + vedette::quoted(name) + " is the last administrator");
  }
  if (Status dropped = store_.drop_user(name); !dropped) return problem_of(dropped.error());
  audit(caller.user, "user.drop", name);
  return nothing_to_say();
}

HttpResponse Auth::make_token(const Caller& caller, const std::string& name,
                              std::chrono::hours life) {
  const std::lock_guard lock{users_mutex_};  // "the name is free" is a look and a deed too
  const auto secret = make_api_token(store_, clock_, entropy_, caller.user, name, life);
  if (!secret && secret.error().code == Errc::busy)
    return http_problem(409, secret.error().message);
  if (!secret) return problem_of(secret.error());
  audit(caller.user, "token.create", name);
  HttpResponse response;
  response.status = 201;
  response.body = nlohmann::ordered_json{{"name", name}, {"token", *secret}}.dump();
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

HttpResponse Auth::drop_token(const Caller& caller, const std::string& name) {
  const auto tokens = store_.tokens(caller.user);
  if (!tokens) return problem_of(tokens.error());
  const auto found = std::find_if(tokens->begin(), tokens->end(), [&](const Token& token) {
    return token.kind == "api" && token.name == name;
  });
  if (found == tokens->end()) {
    return http_problem(404, "there is no token " + vedette::quoted(name));
  }
  if (Status dropped = store_.drop_token(found->hash); !dropped) return problem_of(dropped.error());
  audit(caller.user, "token.drop", name);
  return nothing_to_say();
}

Status put_user_with_password(Store& store, const Clock& clock, std::string_view name,
                              std::string_view password, std::string_view role) {
  if (!is_user_name(name)) {
    return Error{Errc::out_of_range, "user name " + vedette::quoted(name) +
                                         " is not 1 to 64 letters, digits and . _ @ -"};
  }
  if (password.size() < password_bytes_min || password.size() > password_bytes_max) {
    return Error{Errc::out_of_range,
                 fmt::format("the password has {} bytes, not {} to {}", password.size(),
                             password_bytes_min, password_bytes_max)};
  }
  if (role != "admin" && role != "viewer") {
    return Error{Errc::out_of_range,
                 "role " + vedette::quoted(role) + " is neither admin nor viewer"};
  }
  auto hash = hash_password(password);
  if (!hash) return hash.error();
  const auto tokens = store.tokens(name);
  if (!tokens) return tokens.error();
  Status put =
      store.put_user({std::string{name}, std::move(hash).value(), std::string{role}, clock.now()});
  if (!put) return put;
  for (const Token& token : *tokens) {
    if (token.kind != "session") continue;
    if (Status dropped = store.drop_token(token.hash); !dropped) return dropped;
  }
  return {};
}

Result<std::string> make_api_token(Store& store, const Clock& clock,
                                   const std::function<void(std::span<std::byte>)>& entropy,
                                   std::string_view user, std::string_view name,
                                   std::chrono::hours lifetime) {
  constexpr std::chrono::hours life_max{24 * 3653};
  if (!is_user_name(name)) {
    return Error{Errc::out_of_range, "token name " + vedette::quoted(name) +
                                         " is not 1 to 64 letters, digits and . _ @ -"};
  }
  if (lifetime < std::chrono::hours{1} || lifetime > life_max) {
    return Error{Errc::out_of_range, "a token lives from an hour to ten years"};
  }
  const auto owner = store.user(user);
  if (!owner) return owner.error();
  if (!*owner) return Error{Errc::not_found, "there is no user " + vedette::quoted(user)};
  const auto tokens = store.tokens(user);
  if (!tokens) return tokens.error();
  std::size_t count = 0;
  for (const Token& token : *tokens) {
    if (token.kind != "api") continue;
    ++count;
    if (token.name == name) {
      return Error{Errc::busy, "there is a token " + vedette::quoted(name) + " already"};
    }
  }
  if (count >= tokens_per_user_max) {
    return Error{Errc::busy, fmt::format("the user has {} tokens already", count)};
  }
  std::string secret = new_secret(entropy);
  const Time now = clock.now();
  const Status put = store.put_token({.hash = hash_secret(secret),
                                      .user = std::string{user},
                                      .kind = "api",
                                      .name = std::string{name},
                                      .created = now,
                                      .expires = now + lifetime});
  if (!put) return put.error();
  return secret;
}

}  // namespace vedette

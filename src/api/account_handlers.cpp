/// People and their tokens: login, users, API tokens, audit. The deeds are in auth.cpp.
#include "api/json.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"

namespace vedette {

HttpResponse post_login(ApiState& service, const Call& call) {
  Fields fields{call.request};
  const std::string user = fields.text("user", user_name_bytes_max);
  const std::string password = fields.text("password", password_bytes_max);
  if (auto problem = fields.problem()) return std::move(*problem);
  return service.auth.login(call.request, user, password);
}

HttpResponse post_logout(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  return service.auth.logout(call.caller);
}

HttpResponse get_me(ApiState&, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  return json_answer({{"user", call.caller.user}, {"role", call.caller.role}});
}

HttpResponse get_users(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto users = service.parts.store.users();
  if (!users) return problem_of(users.error());
  return list_answer(*users, "", [](std::string& out, const User& user) {
    out += Json{{"name", user.name}, {"role", user.role}, {"created", to_rfc3339(user.created)}}
               .dump();
  });
}

HttpResponse post_user(ApiState& service, const Call& call) {
  Fields fields{call.request};
  const std::string name = fields.text("name", user_name_bytes_max);
  const std::string password = fields.text("password", password_bytes_max);
  const std::string role = fields.text("role", 32);
  if (auto problem = fields.problem()) return std::move(*problem);
  return service.auth.put_user(call.caller, name, password, role);
}

HttpResponse delete_user(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  return service.auth.drop_user(call.caller, call.argument);
}

HttpResponse get_tokens(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  auto tokens = service.parts.store.tokens(call.caller.user);
  if (!tokens) return problem_of(tokens.error());
  std::erase_if(*tokens, [](const Token& token) { return token.kind != "api"; });
  return list_answer(*tokens, "", [](std::string& out, const Token& token) {
    out += Json{{"name", token.name},
                {"created", to_rfc3339(token.created)},
                {"expires", to_rfc3339(token.expires)}}
               .dump();
  });
}

HttpResponse post_token(ApiState& service, const Call& call) {
  constexpr std::uint64_t days_max = 3650;
  Fields fields{call.request};
  const std::string name = fields.text("name", user_name_bytes_max);
  const auto days = fields.integer("days", 1, days_max);
  if (auto problem = fields.problem()) return std::move(*problem);
  return service.auth.make_token(call.caller, name, std::chrono::hours{24 * days});
}

HttpResponse delete_token(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  return service.auth.drop_token(call.caller, call.argument);
}

HttpResponse get_audit(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  const auto limit = parameters.integer("limit", 1, 1000, 100);
  if (auto problem = parameters.problem()) return std::move(*problem);
  const auto entries = service.parts.store.audit(limit);
  if (!entries) return problem_of(entries.error());
  return list_answer(*entries, "", [](std::string& out, const AuditEntry& entry) {
    const Json json = {{"time", to_rfc3339(entry.time)},
                       {"user", entry.user},
                       {"action", entry.action},
                       {"subject", entry.subject}};
    out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
  });
}

}  // namespace vedette

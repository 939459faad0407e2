/// Model files: list, upload, activate. The deeds are in model_desk.cpp.
#include "api/json.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"

namespace vedette {

namespace {

/// Evaluations nest four deep; writing JSON is recursive, so depth must not come from a stranger.
constexpr int metrics_depth_max = 32;

/// null when there is none, or the text is not what train wrote.
Json metrics_json(const std::string& text) {
  bool deep = false;
  Json parsed = Json::parse(
      text,
      [&](int depth, Json::parse_event_t, Json&) {
        deep = deep || depth > metrics_depth_max;
        return depth <= metrics_depth_max;
      },
      /*allow_exceptions=*/false);
  return deep || parsed.is_discarded() ? Json{} : parsed;
}

/// What the model works with now; null while it does not judge.
Json working_of(const ApiState& service, const ModelCard& card) {
  if (!card.active) return {};
  for (const ThresholdState& state : service.thresholds.states()) {
    if (state.model == card.id) return working_json(state);
  }
  return {};
}

Json card_json(const ApiState& service, const ModelCard& card) {
  return {{"id", card.id},
          {"file", card.file},
          {"kind", card.kind},
          {"record_kind", name_of(card.record_kind)},
          {"created", card.created},
          {"classes", card.classes},
          {"split", card.split},
          {"metrics", metrics_json(card.metrics_json)},
          {"threshold",
           {{"value", json_number(card.threshold.value)},
            {"false_positive_rate", card.threshold.false_positive_rate},
            {"benign_rows", card.threshold.benign_rows}}},
          {"working", working_of(service, card)},
          {"description", card.description},
          {"bytes", card.bytes},
          {"active", card.active}};
}

}  // namespace

HttpResponse get_models(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto cards = service.models.list();
  if (!cards) return problem_of(cards.error());
  return list_answer(*cards, "", [&](std::string& out, const ModelCard& card) {
    out += card_json(service, card).dump(-1, ' ', false, Json::error_handler_t::replace);
  });
}

HttpResponse post_model(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto card = service.models.upload(call.request.body);
  if (!card && card.error().code == Errc::busy) return http_problem(409, card.error().message);
  if (!card) return problem_of(card.error());
  service.auth.audit(call.caller.user, "model.upload", card->id);
  return json_answer(card_json(service, *card), 201);
}

HttpResponse activate_model(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto card = service.models.activate(call.argument);
  if (!card) return problem_of(card.error());
  service.auth.audit(call.caller.user, "model.activate", card->id);
  return json_answer(card_json(service, *card));
}

}  // namespace vedette

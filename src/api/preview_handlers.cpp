/// What another threshold or other exclusions would have made of the stored past.
#include <fmt/format.h>

#include "api/exclusion_fields.hpp"
#include "api/json.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"
#include "base/text.hpp"
#include "store/store.hpp"

namespace vedette {

namespace {

constexpr std::size_t proposed_max = 100;

template <class Take>
void take_list(Fields& fields, std::string_view name, Take take) {
  const nlohmann::json* list = fields.member_if(name);
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > proposed_max) {
    fields.complain(fmt::format("member {} is not a list of at most {}", name, proposed_max));
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) take((*list)[i], i);
}

PreviewQuery take_query(Fields& fields) {
  PreviewQuery query;
  if (const auto threshold = fields.number_if("threshold", 0, 1)) {
    query.threshold = static_cast<float>(*threshold);
  }
  query.kind = fields.kind_if("kind");
  if (query.kind && !query.threshold) fields.complain("member kind: it is for a threshold");
  take_list(fields, "exclusions", [&](const nlohmann::json& one, std::size_t i) {
    Fields inner{one, fmt::format("exclusions[{}]", i)};
    query.exclusions.push_back(take_exclusion(inner));
    query.exclusions.back().reason = inner.text("reason", 500, "");
    fields.adopt(inner);
  });
  take_list(fields, "without", [&](const nlohmann::json& one, std::size_t i) {
    if (!one.is_number_unsigned()) {
      fields.complain(fmt::format("without[{}] is not the id of an exclusion", i));
      return;
    }
    query.without.push_back(one.get<std::uint64_t>());
  });
  query.from = fields.time_if("from");
  query.to = fields.time_if("to");
  if (query.from && query.to && *query.from >= *query.to) {
    fields.complain("member from: it is not before to");
  }
  return query;
}

Json counts_json(const PreviewCounts& counts) {
  return {{"anomalous", counts.anomalous},
          {"excluded", counts.excluded},
          {"alerts", counts.alerts},
          {"incidents", counts.incidents}};
}

Json preview_json(const Preview& preview) {
  Json days = Json::array();
  for (const PreviewDay& one : preview.days) {
    days.push_back({{"day", to_rfc3339(one.day).substr(0, 10)},
                    {"now", counts_json(one.counts.now)},
                    {"would", counts_json(one.counts.would)}});
  }
  Json devices = Json::array();
  for (const PreviewDevice& one : preview.devices) {
    devices.push_back({{"device", one.device},
                       {"now", counts_json(one.counts.now)},
                       {"would", counts_json(one.counts.would)}});
  }
  return {{"from", to_rfc3339(preview.from)},
          {"to", to_rfc3339(preview.to)},
          {"covered_to", to_rfc3339(preview.covered_to)},
          {"cut", preview.cut},
          {"now", counts_json(preview.total.now)},
          {"would", counts_json(preview.total.would)},
          {"hidden", preview.hidden},
          {"raised", preview.raised},
          {"days", std::move(days)},
          {"devices", std::move(devices)}};
}

}  // namespace

HttpResponse post_preview(ApiState& service, const Call& call) {
  Fields fields{call.request};
  const PreviewQuery query = take_query(fields);
  if (auto problem = fields.problem()) return std::move(*problem);
  const std::unique_lock alone{service.preview_mutex, std::try_to_lock};
  if (!alone.owns_lock()) {
    HttpResponse response = http_problem(503, "another preview is being made, try again later");
    response.headers.emplace_back("Retry-After", "10");
    return response;
  }
  const auto answer = preview(service.parts.store, query, service.parts.clock);
  if (!answer) return problem_of(answer.error());
  return json_answer(preview_json(*answer));
}

}  // namespace vedette

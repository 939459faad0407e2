#include "api/parameters.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace vedette {

std::optional<std::string_view> Parameters::take(std::string_view name) {
  known_.emplace(name);
  const auto value = request_.parameter(name);
  // "?device=" is how a form says "any".
  if (value && value->empty()) return {};
  return value;
}

void Parameters::complain(std::string sentence) {
  if (complaint_.empty()) complaint_ = std::move(sentence);
}

void Parameters::refuse(std::string_view name, std::string_view value, std::string_view wanted) {
  complain(fmt::format("parameter {}: {} is not {}", name, vedette::quoted(value), wanted));
}

std::string Parameters::text(std::string_view name, std::size_t bytes_max) {
  const auto value = take(name);
  if (!value) return {};
  if (value->size() > bytes_max) {
    refuse(name, *value, fmt::format("a text of at most {} bytes", bytes_max));
    return {};
  }
  return std::string{*value};
}

std::optional<bool> Parameters::flag(std::string_view name) {
  const auto value = take(name);
  if (!value) return {};
  if (*value == "true" || *value == "1") return true;
  if (*value == "false" || *value == "0") return false;
  refuse(name, *value, "true or false");
  return {};
}

std::optional<RecordKind> Parameters::kind(std::string_view name) {
  const auto value = take(name);
  if (!value) return {};
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    if (*value == name_of(kind)) return kind;
  }
  refuse(name, *value, "flow or reading");
  return {};
}

std::optional<Nature> Parameters::nature(std::string_view name) {
  const auto value = take(name);
  if (!value) return {};
  const auto nature = nature_from(*value);
  if (!nature) refuse(name, *value, "attack, behaviour, device_health or data_quality");
  return nature;
}

std::optional<Time> Parameters::time(std::string_view name) {
  const auto value = take(name);
  if (!value) return {};
  const auto time = parse_time(*value);
  if (time) return *time;
  refuse(name, *value, "a time like 2026-11-23T12:00:00Z");
  return {};
}

std::uint64_t Parameters::integer(std::string_view name, std::uint64_t low, std::uint64_t high,
                                  std::uint64_t fallback) {
  const auto value = take(name);
  if (!value) return fallback;
  const auto number = parse_integer<std::uint64_t>(*value);
  if (number && *number >= low && *number <= high) return *number;
  refuse(name, *value, fmt::format("a whole number from {} to {}", low, high));
  return fallback;
}

std::optional<HttpResponse> Parameters::problem() const {
  if (!complaint_.empty()) return http_problem(400, complaint_);
  for (const auto& [name, value] : request_.query) {
    if (!known_.contains(name)) {
      return http_problem(400, fmt::format("parameter {} is not known here (its value was {})",
                                           vedette::quoted(name), vedette::quoted(value)));
    }
  }
  return {};
}

Fields::Fields(const HttpRequest& request)
    : body_(nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false)) {
  if (!request.query.empty()) {
    complain(fmt::format("parameter {} is not known here",
                         vedette::quoted(request.query.begin()->first)));
  }
  if (body_.is_discarded()) complain("the body is not JSON");
  if (!body_.is_object()) complain("the body is not a JSON object");
}

Fields::Fields(nlohmann::json object, std::string_view place)
    : body_(std::move(object)), place_(fmt::format("{}: ", place)) {
  if (!body_.is_object()) complain("it is not a JSON object");
}

void Fields::complain(std::string sentence) {
  if (complaint_.empty()) complaint_ = std::move(sentence);
}

const nlohmann::json* Fields::take(std::string_view name, bool required) {
  known_.emplace(name);
  if (!body_.is_object()) return nullptr;
  const auto found = body_.find(name);
  if (found != body_.end()) return &*found;
  if (required) complain(fmt::format("member {} is missing", name));
  return nullptr;
}

std::string Fields::text(std::string_view name, std::size_t bytes_max,
                         std::optional<std::string> fallback) {
  const nlohmann::json* value = take(name, !fallback);
  if (value == nullptr) return fallback.value_or("");
  if (!value->is_string()) {
    complain(fmt::format("member {} is not a string", name));
    return {};
  }
  auto text = value->get<std::string>();
  if (text.size() <= bytes_max) return text;
  complain(fmt::format("member {} has {} bytes, more than {}", name, text.size(), bytes_max));
  return {};
}

bool Fields::flag(std::string_view name) {
  const nlohmann::json* value = take(name, true);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  complain(fmt::format("member {} is not true or false", name));
  return false;
}

std::uint64_t Fields::integer(std::string_view name, std::uint64_t low, std::uint64_t high) {
  const nlohmann::json* value = take(name, true);
  if (value == nullptr) return low;
  if (value->is_number_unsigned()) {
    const auto number = value->get<std::uint64_t>();
    if (number >= low && number <= high) return number;
  }
  complain(fmt::format("member {} is not a whole number from {} to {}", name, low, high));
  return low;
}

double Fields::number(std::string_view name, double low, double high,
                      std::optional<double> fallback) {
  const nlohmann::json* value = take(name, !fallback);
  if (value == nullptr) return fallback.value_or(low);
  if (value->is_number()) {
    const auto number = value->get<double>();
    if (number >= low && number <= high) return number;
  }
  complain(fmt::format("member {} is not a number from {} to {}", name, low, high));
  return low;
}

const nlohmann::json* Fields::member_if(std::string_view name) {
  const nlohmann::json* value = take(name, false);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<double> Fields::number_if(std::string_view name, double low, double high) {
  if (member_if(name) == nullptr) return {};
  return number(name, low, high);
}

std::optional<std::uint64_t> Fields::integer_if(std::string_view name, std::uint64_t low,
                                                std::uint64_t high) {
  if (member_if(name) == nullptr) return {};
  return integer(name, low, high);
}

std::optional<RecordKind> Fields::kind_if(std::string_view name) {
  if (member_if(name) == nullptr) return {};
  const std::string text = this->text(name, 32);
  if (text.empty()) return {};
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    if (text == name_of(kind)) return kind;
  }
  complain(fmt::format("member {}: {} is not flow or reading", name, vedette::quoted(text)));
  return {};
}

std::optional<Time> Fields::time_if(std::string_view name) {
  if (member_if(name) == nullptr) return {};
  const std::string text = this->text(name, 64);
  const auto time = parse_time(text);
  if (time) return *time;
  complain(fmt::format("member {}: {} is not a time like 2026-11-23T12:00:00Z", name,
                       vedette::quoted(text)));
  return {};
}

void Fields::adopt(const Fields& inner) {
  if (const std::string sentence = inner.complaint(); !sentence.empty()) complain(sentence);
}

std::string Fields::complaint() const {
  if (!complaint_.empty()) return place_ + complaint_;
  if (!body_.is_object()) return {};
  for (const auto& [name, value] : body_.items()) {
    if (!known_.contains(name)) {
      return fmt::format("{}member {} is not known here", place_, vedette::quoted(name));
    }
  }
  return {};
}

std::optional<HttpResponse> Fields::problem() const {
  if (const std::string sentence = complaint(); !sentence.empty()) {
    return http_problem(400, sentence);
  }
  return {};
}

}  // namespace vedette

#include "api/recalibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace vedette {

namespace {

using Json = nlohmann::json;

Error refused(std::string why) {
  return Error{Errc::refused, "the threshold stays: " + std::move(why)};
}

}  // namespace

double Recalibration::sum_of(std::string_view model, std::string_view kind, Time since,
                             Time now) const {
  double sum = 0;
  for (const Raise& raise : raises_) {
    if (raise.model != model || raise.device_kind != kind) continue;
    if (raise.time > since && raise.expires() > now) sum += raise.amount;
  }
  return sum;
}

Result<Recalibration::Raise> Recalibration::confirm(const Confirmed& c, Time now) {
  const auto same = [&](const Raise& raise) { return raise.alert == c.alert; };
  if (std::any_of(raises_.begin(), raises_.end(), same)) {
    return refused("this alert has raised it already");
  }
  if (c.records < records_min) {
    return refused(
        fmt::format("the alert has {} distinct records, {} are needed", c.records, records_min));
  }
  if (raises_.size() >= raises_max) return refused(fmt::format("{} raises are kept", raises_max));
  const double room = std::max(1 - c.threshold, 0.0);
  const double sum = sum_of(c.model, c.device_kind, Time::min(), now);
  const double today = sum_of(c.model, c.device_kind, now - std::chrono::days{1}, now);
  const double wanted = c.highest - c.threshold - sum;
  if (wanted < 0) return refused("it is above these records as it is");
  const double total_left = share_max * room - sum;
  const double day_left = day_share_max * room - today;
  constexpr double least = 1e-9;
  if (total_left < least)
    return refused(fmt::format("it was raised by {} % already", share_max * 100));
  if (day_left < least) {
    return refused(fmt::format("it was raised by {} % within a day already", day_share_max * 100));
  }
  // A little above the highest of them: a score equal to the threshold alarms.
  const double above = std::max(static_cast<double>(std::numeric_limits<float>::epsilon()), least);
  const double amount = std::min({wanted + above, total_left, day_left});
  raises_.push_back({now, c.model, c.device_kind, c.alert, c.records, amount, c.user});
  return raises_.back();
}

bool Recalibration::take_back(std::uint64_t alert) {
  return std::erase_if(raises_, [&](const Raise& raise) { return raise.alert == alert; }) > 0;
}

bool Recalibration::expire(Time now) {
  return std::erase_if(raises_, [&](const Raise& raise) { return raise.expires() <= now; }) > 0;
}

std::map<std::string, double, std::less<>> Recalibration::of(std::string_view model,
                                                             Time now) const {
  std::map<std::string, double, std::less<>> sums;
  for (const Raise& raise : raises_) {
    if (raise.model == model && raise.expires() > now) sums[raise.device_kind] += raise.amount;
  }
  return sums;
}

std::string Recalibration::save() const {
  Json all = Json::array();
  for (const Raise& raise : raises_) {
    all.push_back({{"time", micros(raise.time)},
                   {"model", raise.model},
                   {"device_kind", raise.device_kind},
                   {"alert", raise.alert},
                   {"records", raise.records},
                   {"amount", raise.amount},
                   {"user", raise.user}});
  }
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Recalibration::restore(std::string_view text) {
  raises_.clear();
  const Json all = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!all.is_array()) return;
  for (const Json& one : all) {
    if (!one.is_object() || raises_.size() == raises_max) continue;
    const auto number = [&](const char* name) {
      const auto at = one.find(name);
      return at != one.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
    };
    const auto word = [&](const char* name) {
      const auto at = one.find(name);
      return at != one.end() && at->is_string() ? at->get<std::string>() : std::string{};
    };
    const auto amount = one.find("amount");
    if (amount == one.end() || !amount->is_number()) continue;
    Raise raise{time_from_micros(number("time")),
                word("model"),
                word("device_kind"),
                static_cast<std::uint64_t>(number("alert")),
                static_cast<std::uint64_t>(number("records")),
                amount->get<double>(),
                word("user")};
    if (raise.amount > 0 && raise.amount <= share_max) raises_.push_back(std::move(raise));
  }
}

}  // namespace vedette

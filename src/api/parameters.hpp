/// What a caller said, checked: query parameters and JSON bodies. Each getter gives a usable value
/// or remembers the first complaint; the handler asks problem() once, after its last getter.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/net.hpp"
#include "record/nature.hpp"
#include "record/record.hpp"

namespace vedette {

class Parameters {
 public:
  /// REQUIRES: the request outlives this.
  explicit Parameters(const HttpRequest& request) : request_(request) {}

  std::string text(std::string_view name, std::size_t bytes_max);
  std::optional<bool> flag(std::string_view name);
  std::optional<RecordKind> kind(std::string_view name);
  std::optional<Nature> nature(std::string_view name);
  std::optional<Time> time(std::string_view name);
  std::uint64_t integer(std::string_view name, std::uint64_t low, std::uint64_t high,
                        std::uint64_t fallback);
  void complain(std::string sentence);
  /// 400 naming the first bad parameter and its value, or the first that nobody asked for.
  std::optional<HttpResponse> problem() const;

 private:
  std::optional<std::string_view> take(std::string_view name);
  void refuse(std::string_view name, std::string_view value, std::string_view wanted);

  const HttpRequest& request_;
  std::set<std::string, std::less<>> known_;
  std::string complaint_;
};

/// The members of a JSON object body.
class Fields {
 public:
  explicit Fields(const HttpRequest& request);
  /// Of an object inside a body, which complaints call `place` ("exclusions[0]").
  Fields(nlohmann::json object, std::string_view place);

  /// Required unless `fallback` is given.
  std::string text(std::string_view name, std::size_t bytes_max,
                   std::optional<std::string> fallback = {});
  bool flag(std::string_view name);
  std::uint64_t integer(std::string_view name, std::uint64_t low, std::uint64_t high);
  /// Required unless `fallback` is given.
  double number(std::string_view name, double low, double high,
                std::optional<double> fallback = {});
  std::optional<double> number_if(std::string_view name, double low, double high);
  std::optional<std::uint64_t> integer_if(std::string_view name, std::uint64_t low,
                                          std::uint64_t high);
  std::optional<RecordKind> kind_if(std::string_view name);
  std::optional<Time> time_if(std::string_view name);
  /// The member itself, for what has members of its own; null when it is absent or null.
  const nlohmann::json* member_if(std::string_view name);
  void complain(std::string sentence);
  /// Of an object inside: complaints of `inner` become this one's.
  void adopt(const Fields& inner);
  std::optional<HttpResponse> problem() const;

 private:
  std::string complaint() const;
  const nlohmann::json* take(std::string_view name, bool required);

  nlohmann::json body_;
  std::set<std::string, std::less<>> known_;
  std::string complaint_;
  std::string place_;  ///< "" for the body itself
};

}  // namespace vedette

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
#include "record/record.hpp"

namespace vedette {

class Parameters {
 public:
  /// REQUIRES: the request outlives this.
  explicit Parameters(const HttpRequest& request) : request_(request) {}

  std::string text(std::string_view name, std::size_t bytes_max);
  std::optional<bool> flag(std::string_view name);
  std::optional<RecordKind> kind(std::string_view name);
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

  /// Required unless `fallback` is given.
  std::string text(std::string_view name, std::size_t bytes_max,
                   std::optional<std::string> fallback = {});
  bool flag(std::string_view name);
  std::uint64_t integer(std::string_view name, std::uint64_t low, std::uint64_t high);
  /// Required unless `fallback` is given.
  double number(std::string_view name, double low, double high,
                std::optional<double> fallback = {});
  void complain(std::string sentence);
  std::optional<HttpResponse> problem() const;

 private:
  const nlohmann::json* take(std::string_view name, bool required);

  nlohmann::json body_;
  std::set<std::string, std::less<>> known_;
  std::string complaint_;
};

}  // namespace vedette

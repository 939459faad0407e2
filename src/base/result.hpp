/// Result<T>: a value or an Error. The only way failure crosses a module boundary; exceptions of
/// libraries are caught in the file that calls the library.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/expects.hpp"

namespace vedette {

enum class Errc {
  truncated,      ///< the input ends before it should
  malformed,      ///< the input is not of its format
  missing_field,  ///< a required field is absent
  wrong_type,     ///< a field holds another type than its name promises
  out_of_range,   ///< a value or an argument outside its stated range
  too_large,      ///< a stated bound was exceeded
  unsupported,    ///< a version, kind or feature this build does not know
  not_found,      ///< a file, name or row that is not there
  corrupt,        ///< a checksum or a structure does not hold
  mismatch,       ///< two things that must fit do not (model and schema)
  io,             ///< the operating system refused: disk, permission, socket
  busy,           ///< taken by somebody else: a port, a lock
  unavailable,    ///< a peer does not answer; trying again may help
  refused,        ///< a peer or a policy said no; trying again will not help
  cancelled,      ///< the user asked to stop
};

/// The name of a code as it appears in quarantine, API and logs ("missing_field").
const char* name_of(Errc code);

/// `message` is one sentence naming the file, line or topic and the offending piece.
struct Error {
  Errc code = Errc::malformed;
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// REQUIRES: ok().
  T& value() & { return expects(ok(), "Result::value on an error"), *std::get_if<0>(&state_); }
  const T& value() const& {
    return expects(ok(), "Result::value on an error"), *std::get_if<0>(&state_);
  }
  T value() && {
    return expects(ok(), "Result::value on an error"), std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// REQUIRES: !ok().
  const Error& error() const {
    return expects(!ok(), "Result::error on a value"), *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error. `Status{}` is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  /// REQUIRES: !ok().
  const Error& error() const { return expects(!ok(), "Status::error on success"), *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace vedette

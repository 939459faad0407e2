/// The face of source/: where bytes come from. Sources are pulled, never push.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/raw_message.hpp"

namespace vedette {

enum class Pulled : std::uint8_t {
  some,  ///< maybe nothing this time, but there may be more
  end,   ///< the source is at its end (files); never for MQTT
};

/// Not thread-safe: pull() and acknowledge() belong to the thread that walks the line.
class Source {
 public:
  using Take = std::function<void(const RawMessage&)>;

  virtual ~Source() = default;
  /// Waits up to `wait` for messages, then hands at most `messages_max` of them to `take` (views
  /// die with the call). @return unavailable while a broker is away (the next call tries again),
  /// io or refused when the source is lost for good.
  virtual Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds wait,
                              const Take& take) = 0;
  /// Everything pulled so far rests safely: the source may forget it.
  virtual Status acknowledge() = 0;
  /// For status and errors: "mqtt://127.0.0.1:1883 iot/#", "conn.log".
  virtual std::string describe() const = 0;
  /// Thread-safe. Files are always connected.
  virtual bool connected() const { return true; }
  /// Bytes read and bytes in all, for progress; 0 when unknown.
  virtual std::uint64_t bytes_done() const { return 0; }
  virtual std::uint64_t bytes_total() const { return 0; }
};

/// Lines of a file, mapped; "-" is standard input. LF or CRLF; the last line may lack its end.
/// Lines above `line_bytes_max` are handed over whole for files (the decoder's bound refuses them)
/// and cut for standard input. An empty file is malformed ("…: is empty").
Result<std::unique_ptr<Source>> open_file_source(const std::filesystem::path& path,
                                                 const Clock& clock);

}  // namespace vedette

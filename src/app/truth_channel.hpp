/// TruthChannel: the way of the truth into the scoreboard: an MQTT connection of its own, on a
/// thread of its own, so that nothing of it can reach a detector.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "net/net.hpp"
#include "sink/scoreboard.hpp"

namespace vedette {

/// The lines of one message (append_truth_line), each counted as a note or as bad.
/// @return how many were bad; `complaint` is what was wrong with the first of them.
std::size_t note_truths(std::string_view payload, Scoreboard& scoreboard, std::string& complaint);

/// Reads truth messages until it is told to stop; never fatal: a broker that is away or refuses is
/// tried again (MqttSubscriber), bad lines are counted and logged once a minute.
class TruthChannel {
 public:
  /// Does not connect yet. The session outlives a broken connection by a minute. REQUIRES: the
  /// scoreboard outlives this. @return what MqttSubscriber::create returns.
  static Result<std::unique_ptr<TruthChannel>> create(MqttOptions connection, std::string filter,
                                                      Scoreboard& scoreboard, std::uint64_t seed);

  /// On a thread of the caller's.
  void run(const std::stop_token& stop);
  bool connected() const { return subscriber_->connected(); }

 private:
  TruthChannel(std::unique_ptr<MqttSubscriber> subscriber, Scoreboard& scoreboard);
  void take(std::string_view topic, std::string_view payload);

  std::unique_ptr<MqttSubscriber> subscriber_;
  Scoreboard& scoreboard_;
  std::size_t bad_untold_ = 0;
  std::chrono::steady_clock::time_point tell_again_{};
};

}  // namespace vedette

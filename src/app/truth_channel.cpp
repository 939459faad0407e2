#include "app/truth_channel.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "codec/codec.hpp"

namespace vedette {

namespace {

using Steady = std::chrono::steady_clock;

/// Reads are short, so that a stop is seen soon.
constexpr std::chrono::milliseconds read_wait{100};
constexpr std::size_t messages_at_once = 64;

}  // namespace

std::size_t note_truths(std::string_view payload, Scoreboard& scoreboard, std::string& complaint) {
  std::size_t bad = 0;
  TruthNote note;
  while (!payload.empty()) {
    const std::size_t end = std::min(payload.find('\n'), payload.size());
    const std::string_view line = payload.substr(0, end);
    payload.remove_prefix(std::min(end + 1, payload.size()));
    if (line.empty()) continue;
    if (const Status read = read_truth_line(line, note); read.ok()) {
      scoreboard.note(note);
    } else {
      if (++bad == 1) complaint = read.error().message;
      scoreboard.count_bad_line();
    }
  }
  return bad;
}

Result<std::unique_ptr<TruthChannel>> TruthChannel::create(MqttOptions connection,
                                                           std::string filter,
                                                           Scoreboard& scoreboard,
                                                           std::uint64_t seed) {
  SubscriberOptions options;
  options.connection = std::move(connection);
  options.filters = {std::move(filter)};
  options.session_expiry = std::chrono::minutes{1};
  options.receive_maximum = messages_at_once;
  auto subscriber = MqttSubscriber::create(std::move(options), seed);
  if (!subscriber) return subscriber.error();
  return std::unique_ptr<TruthChannel>{new TruthChannel{std::move(subscriber).value(), scoreboard}};
}

TruthChannel::TruthChannel(std::unique_ptr<MqttSubscriber> subscriber, Scoreboard& scoreboard)
    : subscriber_(std::move(subscriber)), scoreboard_(scoreboard) {}

void TruthChannel::take(std::string_view topic, std::string_view payload) {
  std::string complaint;
  bad_untold_ += note_truths(payload, scoreboard_, complaint);
  if (complaint.empty() || Steady::now() < tell_again_) return;
  log::warn("{} truth lines could not be read; topic {}: {}", bad_untold_, topic, complaint);
  bad_untold_ = 0;
  tell_again_ = Steady::now() + std::chrono::minutes{1};
}

void TruthChannel::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Status read = subscriber_->read(
        read_wait, messages_at_once,
        [this](std::string_view topic, std::string_view payload) { take(topic, payload); });
    // No broker, or one that refuses: the subscriber has said so and pauses inside read().
    if (!read.ok()) continue;
    if (const Status released = subscriber_->release(); !released.ok()) {
      log::warn("truth channel: {}", released.error().message);
    }
  }
}

}  // namespace vedette

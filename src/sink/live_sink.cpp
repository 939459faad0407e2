#include <algorithm>
#include <chrono>

#include "net/event_hub.hpp"
#include "sink/alert_event.hpp"
#include "sink/sink.hpp"

namespace vedette {

namespace {

/// Counts the events of one kind in windows of a second.
class Quota {
 public:
  explicit Quota(std::size_t per_second_max) : max_(per_second_max) {}
  void at(Time now) {
    if (now - start_ < window && now >= start_) return;
    start_ = now;
    used_ = 0;
  }
  bool take() { return take_below(max_); }
  /// Takes only what the time gone by has earned (and a quarter ahead), so that what comes later
  /// in the second and matters more still finds room.
  bool take_paced(Time now) {
    const auto share = (now - start_) + window / 4;
    const auto earned =
        static_cast<std::size_t>(share.count()) * max_ / static_cast<std::size_t>(window.count());
    return take_below(std::min(max_, std::max<std::size_t>(earned, 1)));
  }

 private:
  static constexpr Duration window{1'000'000};
  bool take_below(std::size_t bound) {
    if (used_ >= bound) return false;
    ++used_;
    return true;
  }
  std::size_t max_;
  std::size_t used_ = 0;
  Time start_;
};

class LiveSink final : public Sink {
 public:
  LiveSink(EventHub& hub, std::size_t verdicts_per_second_max)
      : hub_(hub),
        verdicts_(verdicts_per_second_max),
        growths_(verdicts_per_second_max),
        quarantined_(verdicts_per_second_max) {}

  std::string_view name() const override { return "live"; }

  Status accept(Batch& batch, Time now) override {
    if (!hub_.has_subscribers()) return {};
    publish_alarms(batch.alarms, now);
    verdicts_.at(now);
    for (const bool anomalous : {true, false}) publish_verdicts(batch, anomalous, now);
    publish_quarantined(batch, now);
    return {};
  }

  Status tick(AlarmChanges& changes, Time now) override {
    if (hub_.has_subscribers()) publish_alarms(changes, now);
    return {};
  }

 private:
  void publish_verdicts(const Batch& batch, bool anomalous, Time now) {
    for (const Judged& judged : batch) {
      if (judged.verdict.anomalous != anomalous || !judged.is_new) continue;
      if (!(anomalous ? verdicts_.take() : verdicts_.take_paced(now))) return;
      text_.clear();
      append_verdict_json(text_, judged);
      hub_.publish("verdict", text_);
    }
  }

  void publish_quarantined(const Batch& batch, Time now) {
    quarantined_.at(now);
    for (const Quarantined& message : batch.quarantined) {
      if (!quarantined_.take()) return;
      text_.clear();
      append_quarantined_json(text_, message);
      hub_.publish("quarantine", text_);
    }
  }

  void publish_alarms(const AlarmChanges& changes, Time now) {
    growths_.at(now);
    for (const AlertChange& change : changes.alerts) publish_change("alert", change);
    for (const IncidentChange& change : changes.incidents) publish_change("incident", change);
  }

  template <class Change>
  void publish_change(std::string_view event, const Change& change) {
    // Beginnings and ends always; what grows tells again in the next commit anyway.
    if (change.event == AlertEvent::updated && !growths_.take()) return;
    text_.clear();
    append_event_json(text_, change);
    hub_.publish(event, text_);
  }

  EventHub& hub_;
  Quota verdicts_;
  Quota growths_;
  Quota quarantined_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Sink> make_live_sink(EventHub& hub, std::size_t verdicts_per_second_max) {
  return std::make_unique<LiveSink>(hub, verdicts_per_second_max);
}

}  // namespace vedette

#include "app/simulate_broker.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "net/mqtt_crowd.hpp"

namespace vedette {

namespace {

using Steady = std::chrono::steady_clock;

/// Messages that wait for the broker, over all connections.
constexpr std::size_t queued_max = 10'000;
/// A batch of truth lines leaves when it is this large or this old.
constexpr std::size_t truth_bytes_max = std::size_t{48} << 10U;
constexpr std::size_t truth_lines_max = 500;
constexpr std::chrono::milliseconds truth_age_max{100};

/// So that a device's name is found without making a string of it.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return hash64(name); }
};
using Connections = std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>>;

class BrokerTarget final : public SimulateTarget {
 public:
  BrokerTarget(const SimulateOptions& options, std::string printable)
      : options_(options), printable_(std::move(printable)) {}

  Status connect(const std::vector<std::string>& devices, const MakePublisher& make);
  Status open_labels() {
    if (options_.labels.empty()) return {};
    Result<AtomicFile> file = AtomicFile::create(options_.labels);
    if (!file) return file.error();
    labels_.emplace(std::move(*file));
    return {};
  }

  Result<Put> put(Simulated& said, const std::stop_token& stop) override;
  Status idle(const std::stop_token& stop) override { return send_truth(stop, truth_age_max); }
  Status finish(const std::stop_token& stop, SimulateReport& report) override;

 private:
  /// Both kinds of connection behind one face. @return as MqttPublisher::publish.
  Status publish(std::string_view device, std::string_view topic, std::string_view payload) {
    if (!crowd_) return publisher_->publish(topic, payload, options_.qos, false);
    const auto found = connections_.find(device);
    // What a stranger says under no device's name goes through the first.
    const std::size_t connection = found == connections_.end() ? 0 : found->second;
    return crowd_->publish(connection, topic, payload, options_.qos, false);
  }
  Status wait_drained(std::size_t left, std::chrono::milliseconds wait) {
    return crowd_ ? crowd_->wait_drained(left, wait) : publisher_->wait_drained(left, wait);
  }
  /// Repeats `send` until the queue takes it. @return false when stopped.
  template <class Send, class Drained>
  Result<bool> insist(const std::stop_token& stop, Send send, Drained drained);
  Status finish_one(const std::stop_token& stop,
                    const std::function<Status(std::chrono::milliseconds)>& drained) const;
  Status note_truth(const Simulated& said, const std::stop_token& stop);
  /// Sends the lines that wait when the oldest has waited for `age`.
  Status send_truth(const std::stop_token& stop, std::chrono::milliseconds age);
  Error silent_broker() const {
    return Error{Errc::unavailable,
                 fmt::format("{}: the broker did not confirm what was sent to it within {} s",
                             printable_, options_.confirm_wait.count())};
  }

  const SimulateOptions options_;
  const std::string printable_;
  std::unique_ptr<MqttPublisher> publisher_;  ///< of records; with a crowd: of the truth alone
  std::unique_ptr<MqttCrowd> crowd_;
  Connections connections_;
  std::optional<AtomicFile> labels_;
  std::string topic_;
  std::string payload_;
  TruthNote note_;
  std::string line_;
  std::string truth_topic_;
  std::string truth_;
  std::size_t truth_lines_ = 0;
  std::uint64_t truth_messages_ = 0;
  Steady::time_point truth_since_;
};

Status BrokerTarget::connect(const std::vector<std::string>& devices, const MakePublisher& make) {
  if (!options_.truth_topic.empty()) {
    truth_topic_ = options_.truth_topic + "/" + options_.connection.client_id;
  }
  if (!devices.empty()) {
    auto crowd = MqttCrowd::create({.connection = options_.connection,
                                    .names = devices,
                                    .status_folder = "vedette/fleet",
                                    .queued_max = queued_max});
    if (!crowd) return crowd.error();
    crowd_ = std::move(crowd).value();
    for (std::size_t i = 0; i < devices.size(); ++i) connections_.emplace(devices[i], i);
    if (Status there = crowd_->wait_connected(options_.connect_wait); !there) return there;
    if (truth_topic_.empty()) return {};
  }
  auto publisher =
      make ? make(options_.connection) : MqttPublisher::create(options_.connection, queued_max);
  if (!publisher) return publisher.error();
  publisher_ = std::move(publisher).value();
  return publisher_->wait_connected(options_.connect_wait);
}

template <class Send, class Drained>
Result<bool> BrokerTarget::insist(const std::stop_token& stop, Send send, Drained drained) {
  Steady::time_point give_up = Steady::now() + options_.confirm_wait;
  while (true) {
    const Status sent = send();
    if (sent.ok()) return true;
    if (sent.error().code != Errc::busy) return sent.error();
    if (stop.stop_requested()) return false;
    if (Steady::now() > give_up) return silent_broker();
    // Half of the queue leaves at once: fewer wake-ups than one slot at a time.
    const Status room = drained(queued_max / 2, std::chrono::milliseconds{200});
    if (room.ok()) give_up = Steady::now() + options_.confirm_wait;
  }
}

Result<SimulateTarget::Put> BrokerTarget::put(Simulated& said, const std::stop_token& stop) {
  const bool message = !said.topic.empty();
  if (!message) {
    topic_.clear();
    append_topic(topic_, said.record);
    payload_.clear();
    append_record_json(payload_, said.record);
  }
  const std::string_view topic = message ? said.topic : topic_;
  const std::string_view payload = message ? said.payload : payload_;
  const Result<bool> sent = insist(
      stop, [&] { return publish(said.record.device, topic, payload); },
      [&](std::size_t left, std::chrono::milliseconds wait) { return wait_drained(left, wait); });
  if (!sent) return sent.error();
  if (!*sent) return Put::stopped;
  if (truth_topic_.empty() && !labels_) return Put::done;
  if (Status noted = note_truth(said, stop); !noted) return noted.error();
  return Put::done;
}

Status BrokerTarget::note_truth(const Simulated& said, const std::stop_token& stop) {
  if (!said.truth.known()) return {};
  fill_note(note_, said, said.record.key);
  const std::string_view device = said.record.device;
  if (said.topic.empty() && device.find_first_of("/+#") != std::string_view::npos) {
    // Whoever decodes the message takes the device from its topic.
    Record heard = said.record;
    heard.device.assign(topic_, 4, device.size());  // behind "iot/"
    heard.seal();
    note_.key = heard.key;
    note_.device.swap(heard.device);
  }
  line_.clear();
  append_truth_line(line_, note_);
  if (labels_) {
    if (Status written = labels_->write(line_); !written) return written;
  }
  if (truth_topic_.empty()) return {};
  if (truth_lines_ == truth_lines_max || truth_.size() + line_.size() > truth_bytes_max) {
    if (Status sent = send_truth(stop, std::chrono::milliseconds{0}); !sent) return sent;
  }
  if (truth_lines_++ == 0) truth_since_ = Steady::now();
  truth_ += line_;
  return send_truth(stop, truth_age_max);
}

Status BrokerTarget::send_truth(const std::stop_token& stop, std::chrono::milliseconds age) {
  if (truth_lines_ == 0 || Steady::now() < truth_since_ + age) return {};
  const Result<bool> sent = insist(
      stop, [&] { return publisher_->publish(truth_topic_, truth_, 1, false); },
      [&](std::size_t left, std::chrono::milliseconds wait) {
        return publisher_->wait_drained(left, wait);
      });
  if (!sent) return sent.error();
  if (!*sent) return {};  // stopped: finish() tries once more
  ++truth_messages_;
  truth_.clear();
  truth_lines_ = 0;
  return {};
}

Status BrokerTarget::finish_one(
    const std::stop_token& stop,
    const std::function<Status(std::chrono::milliseconds)>& drained) const {
  // Ctrl-C gets a shorter wait, not none: what is on its way should be confirmed.
  const auto wait = [&] {
    return stop.stop_requested() ? std::chrono::seconds{3} : options_.confirm_wait;
  };
  const Steady::time_point begun = Steady::now();
  while (!drained(std::chrono::milliseconds{200}).ok()) {
    if (Steady::now() - begun > wait()) return silent_broker();
  }
  return {};
}

Status BrokerTarget::finish(const std::stop_token& stop, SimulateReport& report) {
  report.connections = crowd_ ? connections_.size() + (publisher_ ? 1 : 0) : 1;
  const auto records = [&](std::chrono::milliseconds wait) { return wait_drained(0, wait); };
  if (Status done = finish_one(stop, records); !done) return done;
  if (Status sent = send_truth(stop, std::chrono::milliseconds{0}); !sent) return sent;
  report.truth_messages = truth_messages_;
  if (publisher_) {
    const auto all = [&](std::chrono::milliseconds wait) {
      return publisher_->wait_drained(0, wait);
    };
    if (Status done = finish_one(stop, all); !done) return done;
  }
  return labels_ ? labels_->commit() : Status{};
}

}  // namespace

Result<std::unique_ptr<SimulateTarget>> open_broker(const SimulateOptions& options,
                                                    const std::vector<std::string>& devices,
                                                    const MakePublisher& make_publisher) {
  const Result<MqttUri> uri = parse_mqtt_uri(options.to);
  if (!uri) return uri.error();
  SimulateOptions chosen = options;
  chosen.between = {};
  chosen.connection.broker = *uri;
  if (chosen.connection.client_id.empty()) {
    chosen.connection.client_id = fmt::format("vedette-fleet-{}", ::getpid());
  }
  if (chosen.connection.client_id.find_first_of("/+#") != std::string::npos &&
      !chosen.truth_topic.empty()) {
    return Error{Errc::malformed, "client id " + chosen.connection.client_id +
                                      ": names a topic of truth, so it has no '/', '+' or '#'"};
  }
  auto target = std::make_unique<BrokerTarget>(chosen, uri->printable());
  if (Status ready = target->open_labels(); !ready) return ready.error();
  if (Status up = target->connect(devices, make_publisher); !up) return up.error();
  return std::unique_ptr<SimulateTarget>{std::move(target)};
}

}  // namespace vedette

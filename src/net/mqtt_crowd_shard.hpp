/// One thread of an MqttCrowd and the connections it drives. Inside net/ only.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "net/mqtt_backoff.hpp"
#include "net/mqtt_crowd.hpp"

struct mosquitto;

namespace vedette {

/// What all threads of a crowd share. `mutex` guards all but `up`.
struct CrowdShared {
  CrowdOptions options;
  std::atomic<std::size_t> up{0};
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t unconfirmed = 0;   ///< queued, and those in the library
  std::size_t queued_bytes = 0;  ///< of those the library has not got yet
  Error error{Errc::unavailable, "connecting"};
  std::string logged;  ///< the last reason logged
  std::chrono::steady_clock::time_point logged_at{};
};

class CrowdShard {
 public:
  struct Message {
    std::uint32_t member = 0;
    std::uint8_t qos = 0;
    bool retain = false;
    std::string topic;
    std::string payload;
  };

  /// Drives the names [first, first + count).
  CrowdShard(CrowdShared& shared, std::size_t first, std::size_t count);
  ~CrowdShard();
  CrowdShard(const CrowdShard&) = delete;
  CrowdShard& operator=(const CrowdShard&) = delete;
  Status start();
  /// REQUIRES: shared.mutex is held.
  void push(Message message);

 private:
  using Steady = std::chrono::steady_clock;
  enum class State : std::uint8_t { fresh, pausing, queued, joining, up };
  struct Member {
    explicit Member(std::uint64_t seed) : backoff(seed) {}
    CrowdShard* shard = nullptr;
    mosquitto* client = nullptr;
    Steady::time_point next{};  ///< end of the pause, or of the patience while joining
    Backoff backoff;
    std::vector<Message> held;             ///< came while there was no connection
    std::uint32_t in_library[2] = {0, 0};  ///< [0] QoS 0, [1] those to be confirmed
    int status_id = -1;                    ///< message id of an unconfirmed {"online":true}
    int refusal = 0;                       ///< a CONNACK that said no
    State state = State::fresh;
    bool asks_to_write = false;  ///< epoll tells us when it can
    bool dirty = false;          ///< in dirty_
  };

  void run();
  bool leave_descriptor_table();
  void look_around(Steady::time_point now);
  void connect_some();
  Status make_client(Member& member);
  void connect(Member& member);
  void hand_over();
  void give(Member& member, const Message& message);
  void write_dirty();
  void write(Member& member);
  void read(Member& member);
  void mark(Member& member);
  void ask(Member& member, bool to_write);
  void lost(Member& member, int code, int error_number);
  void pause(Member& member, Errc code, const std::string& reason);
  void came_up(Member& member);
  void tell_status(Member& member);
  void settle();
  void say_goodbye();
  void wake();
  static void install_callbacks(mosquitto* client);
  void on_connack(Member& member, int reason);
  void on_published(Member& member, int id, int reason);
  std::size_t index_of(const Member& member) const;
  const std::string& name_of(const Member& member) const;
  std::string status_topic(const Member& member) const;

  CrowdShared& shared_;
  const std::size_t first_;
  int epoll_ = -1;
  int wake_ = -1;
  std::atomic<bool> stop_{false};
  std::deque<Message> waiting_;  ///< guarded by shared_.mutex, as is asleep_
  bool asleep_ = false;

  // The thread's own:
  std::vector<Member> members_;
  std::deque<std::uint32_t> to_connect_;
  std::size_t joining_ = 0;
  std::vector<std::uint32_t> dirty_;
  std::vector<Message> batch_;
  std::size_t settled_ = 0;      ///< done since the last settle()
  std::size_t given_bytes_ = 0;  ///< given to the library since the last settle()
  std::string library_error_;
  bool writing_ = false;
  Steady::time_point looked_{};
  Steady::time_point kept_alive_{};
  std::thread thread_;
};

}  // namespace vedette

// The broker's own rate: a QoS 1 subscriber on libmosquitto's loop that counts and nothing else.
// usage: counting_subscriber PORT COUNT → prints seconds from the first message to the last
#include <mosquitto.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using Steady = std::chrono::steady_clock;

struct Count {
  long wanted = 0;
  long seen = 0;
  Steady::time_point first;
};

void on_connect(mosquitto* client, void*, int code) {
  if (code != 0) std::exit(1);
  mosquitto_subscribe(client, nullptr, "iot/#", 1);
}

void on_subscribe(mosquitto*, void*, int, int, const int*) {
  std::puts("ready");
  std::fflush(stdout);
}

void on_message(mosquitto* client, void* context, const mosquitto_message*) {
  auto& count = *static_cast<Count*>(context);
  if (count.seen++ == 0) count.first = Steady::now();
  if (count.seen == count.wanted) {
    std::printf("%.6f\n", std::chrono::duration<double>(Steady::now() - count.first).count());
    mosquitto_disconnect(client);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Count count;
  count.wanted = std::atol(argv[2]);
  mosquitto_lib_init();
  mosquitto* client = mosquitto_new("counting-subscriber", true, &count);
  mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, 8192);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_subscribe_callback_set(client, on_subscribe);
  mosquitto_message_callback_set(client, on_message);
  if (mosquitto_connect(client, "127.0.0.1", std::atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS) return 1;
  mosquitto_loop_forever(client, -1, 1);
  mosquitto_destroy(client);
  return count.seen >= count.wanted ? 0 : 1;
}

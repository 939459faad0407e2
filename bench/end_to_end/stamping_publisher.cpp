// Publishes flows at a steady rate, each stamped with its moment of sending.
// usage: stamping_publisher PORT RATE SECONDS → prints how many it sent
#include <mosquitto.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

using Steady = std::chrono::steady_clock;

int publish(mosquitto* client, long number) {
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  char payload[512];
  const int size = std::snprintf(
      payload, sizeof payload,
      R"({"ts":%.6f,"uid":"L%ld","id.orig_h":"10.0.0.5","id.orig_p":40000,"id.resp_h":"10.0.0.1",)"
      R"("id.resp_p":443,"proto":"tcp","service":"ssl","duration":1.5,"orig_bytes":900,)"
      R"("resp_bytes":4000,"conn_state":"SF","missed_bytes":0,"history":"ShADadFf",)"
      R"("orig_pkts":12,"orig_ip_bytes":1500,"resp_pkts":10,"resp_ip_bytes":4500})",
      now, number);
  return mosquitto_publish(client, nullptr, "iot/cam/flow", size, payload, 1, false);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const double rate = std::atof(argv[2]);
  const long total = static_cast<long>(rate * std::atof(argv[3]));
  mosquitto_lib_init();
  mosquitto* client = mosquitto_new("stamping-publisher", true, nullptr);
  mosquitto_max_inflight_messages_set(client, 0);
  if (mosquitto_connect(client, "127.0.0.1", std::atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS) return 1;
  mosquitto_loop_start(client);
  const auto begun = Steady::now();
  for (long sent = 0; sent < total; ++sent) {
    std::this_thread::sleep_until(
        begun + std::chrono::duration_cast<Steady::duration>(
                    std::chrono::duration<double>(static_cast<double>(sent) / rate)));
    if (publish(client, sent) != MOSQ_ERR_SUCCESS) return 1;
  }
  mosquitto_disconnect(client);
  mosquitto_loop_stop(client, false);
  mosquitto_destroy(client);
  std::printf("%ld\n", total);
  return 0;
}

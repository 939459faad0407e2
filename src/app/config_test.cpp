#include "app/config.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(Config, ReadsEverySettingAndAnchorsPaths) {
  const auto config = parse_config(R"(
[mqtt]
uri = "mqtts://user:secret@broker:8884"
filters = ["plant/+/flow", "plant/+/sensor"]
qos = 0
client_id = "gate"
ca_file = "ca.pem"
receive_maximum = 4000
[http]
address = "::1"
port = 9000
certificate = "cert.pem"
key = "/abs/key.pem"
[store]
uri = "sqlite:data/v.db"
retention_days = 7
size_max_mib = 100
quarantine_max = 50
alert_quiet_seconds = 30
[models]
folder = "m"
flow = "tree.vdm"
reading = ""
[alerts]
mqtt = false
topic_prefix = "sentry"
per_day = 3
[state]
keep = false
every_seconds = 10
[scoreboard]
truth = "plant/truth"
[limits]
payload_bytes_max = 1000
batch_records_max = 500
)",
                                   "/etc/vedette/vedette.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->mqtt.filters.size(), 2U);
  EXPECT_EQ(config->mqtt.qos, 0);
  EXPECT_EQ(config->mqtt.ca_file, "/etc/vedette/ca.pem");
  EXPECT_EQ(config->mqtt.receive_maximum, 4000);
  EXPECT_EQ(config->http.port, 9000);
  EXPECT_EQ(config->http.key, "/abs/key.pem");
  EXPECT_EQ(config->store.uri, "sqlite:/etc/vedette/data/v.db");
  EXPECT_EQ(config->store.retention.age_max, std::chrono::hours{7 * 24});
  EXPECT_EQ(config->store.retention.bytes_max, 100ULL << 20U);
  EXPECT_EQ(config->store.retention.quarantine_max, 50U);
  EXPECT_EQ(config->store.retention.alarms.quiet, std::chrono::seconds{30});
  EXPECT_EQ(config->models.flow, "/etc/vedette/tree.vdm");
  EXPECT_EQ(config->models.reading, "");
  EXPECT_FALSE(config->alerts.mqtt);
  EXPECT_EQ(config->alerts.topic_prefix, "sentry");
  EXPECT_EQ(config->alerts.per_day, 3);
  EXPECT_EQ(config->alerts.false_positive_rate, 0);
  EXPECT_FALSE(config->state.keep);
  EXPECT_EQ(config->state.every, std::chrono::seconds{10});
  EXPECT_EQ(config->scoreboard.truth, "plant/truth");
  EXPECT_EQ(config->limits.payload_bytes_max, 1000U);
  EXPECT_EQ(config->limits.batch_records_max, 500U);
}

TEST(Config, AnEmptyFileIsAllDefaults) {
  const auto config = parse_config("", "vedette.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->mqtt.uri, "mqtt://127.0.0.1:1883");
  EXPECT_EQ(config->models.reading, "series");
  EXPECT_EQ(config->scoreboard.truth, "");
}

TEST(Config, SaysFileLineAndPiece) {
  struct Row {
    const char* text;
    const char* said;
  };
  for (const Row& row : {
           Row{"[mqtt]\nuri = 5", "v.toml line 2: mqtt.uri must be a string"},
           Row{"[mqtt]\nqos = 2", "v.toml line 2: mqtt.qos must be an integer from 0 to 1"},
           Row{"[mqtt]\nfilters = []", "v.toml line 2: mqtt.filters must be a list of strings"},
           Row{"[http]\n\nprot = 1", "v.toml line 3: [http] has no key \"prot\"; it has: address"},
           Row{"[htp]\nport = 1", "v.toml line 1: no table \"htp\"; there are: alerts, http"},
           Row{"mqtt = 1", "v.toml line 1: \"mqtt\" is no table"},
           Row{"[http\nport = 1", "v.toml line 1:"},
           Row{"[alerts]\nmqtt = \"yes\"", "v.toml line 2: alerts.mqtt must be true or false"},
           Row{"[alerts]\nper_day = 0", "v.toml line 2: alerts.per_day must be a number above 0"},
           Row{"[alerts]\nfalse_positive_rate = 0.5",
               "v.toml line 2: alerts.false_positive_rate must be a number above 0, at most 0.1"},
           Row{"[alerts]\nper_day = 3\nfalse_positive_rate = 0.01",
               "v.toml: alerts.per_day and alerts.false_positive_rate exclude each other"},
           Row{"[state]\nevery_seconds = 0",
               "v.toml line 2: state.every_seconds must be an integer from 1 to 86400"},
           Row{"[http]\nkey = \"k\"", "http.certificate and http.key belong together"},
           Row{"[scoreboard]\ntruth = \"iot/truth\"",
               "v.toml: scoreboard.truth \"iot/truth\" overlaps mqtt.filters \"iot/#\": a "
               "detector could read the truth"},
           Row{"[scoreboard]\ntruth = 1", "v.toml line 2: scoreboard.truth must be a string"},
           Row{"[mqtt]\nreceive_maximum = 10", "is below limits.batch_records_max"},
       }) {
    const auto config = parse_config(row.text, "v.toml");
    ASSERT_FALSE(config) << row.text;
    EXPECT_NE(config.error().message.find(row.said), std::string::npos)
        << row.text << " said: " << config.error().message;
  }
}

}  // namespace
}  // namespace vedette

#include "net/uri.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(MqttUri, ReadsWhatPeopleWrite) {
  struct Row {
    const char* text;
    MqttUri expected;
  };
  const Row rows[] = {
      {"mqtt://localhost", {false, "localhost", 1883, "", ""}},
      {"mqtts://broker.example", {true, "broker.example", 8883, "", ""}},
      {"MQTT://10.0.0.7:2883/", {false, "10.0.0.7", 2883, "", ""}},
      {"mqtt://ann@host:1", {false, "host", 1, "ann", ""}},
      {"mqtt://ann:s%40fe%3A@host", {false, "host", 1883, "ann", "s@fe:"}},
      {"mqtt://ann:a@b@host", {false, "host", 1883, "ann", "a@b"}},
      {"mqtts://[::1]:65535", {true, "::1", 65535, "", ""}},
      {"mqtt://[fe80::1]", {false, "fe80::1", 1883, "", ""}},
  };
  for (const Row& row : rows) {
    const auto uri = parse_mqtt_uri(row.text);
    ASSERT_TRUE(uri) << row.text << ": " << uri.error().message;
    EXPECT_EQ(uri->tls, row.expected.tls) << row.text;
    EXPECT_EQ(uri->host, row.expected.host) << row.text;
    EXPECT_EQ(uri->port, row.expected.port) << row.text;
    EXPECT_EQ(uri->user, row.expected.user) << row.text;
    EXPECT_EQ(uri->password, row.expected.password) << row.text;
    const auto again = parse_mqtt_uri(uri->printable());
    ASSERT_TRUE(again) << uri->printable();
    EXPECT_EQ(again->host, uri->host);
    EXPECT_EQ(again->port, uri->port);
  }
}

TEST(MqttUri, RefusesTheRestAndNamesIt) {
  struct Row {
    const char* text;
    Errc code;
  };
  const Row rows[] = {
      {"", Errc::malformed},
      {"localhost:1883", Errc::malformed},
      {"http://host", Errc::unsupported},
      {"mqtt://", Errc::malformed},
      {"mqtt:///", Errc::malformed},
      {"mqtt://:1883", Errc::malformed},
      {"mqtt://host:0", Errc::malformed},
      {"mqtt://host:65536", Errc::malformed},
      {"mqtt://host:", Errc::malformed},
      {"mqtt://host:18x", Errc::malformed},
      {"mqtt://host:1:2", Errc::malformed},
      {"mqtt://::1", Errc::malformed},
      {"mqtt://[::1", Errc::malformed},
      {"mqtt://[::1]1883", Errc::malformed},
      {"mqtt://host/path", Errc::malformed},
      {"mqtt://ho st", Errc::malformed},
      {"mqtt://u%4:p@host", Errc::malformed},
      {"mqtt://u%00:p@host", Errc::malformed},
      {"mqtt://:secret@host", Errc::malformed},
  };
  for (const Row& row : rows) {
    const auto uri = parse_mqtt_uri(row.text);
    ASSERT_FALSE(uri) << row.text;
    EXPECT_EQ(uri.error().code, row.code) << row.text;
  }
  EXPECT_EQ(parse_mqtt_uri("mqtt://host:0").error().message,
            "broker \"mqtt://host:0\": the port is not in 1..65535");
}

TEST(MqttUri, NeverShowsThePassword) {
  for (const char* text : {"mqtt://ann:hush@host:0", "ann:hush@host", "ftp://ann:hush@host",
                           "mqtt://ann:hu@sh:hush@host:0", "mqtt://ann:hush@host name"}) {
    const auto uri = parse_mqtt_uri(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_EQ(uri.error().message.find("hush"), std::string::npos) << uri.error().message;
    EXPECT_NE(uri.error().message.find("ann"), std::string::npos) << uri.error().message;
  }
  EXPECT_EQ(parse_mqtt_uri("mqtt://ann:hush@host")->printable(), "mqtt://host:1883");
}

}  // namespace
}  // namespace vedette

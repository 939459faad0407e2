// What comes from outside never ends the program: one clear sentence, the right exit code, and the
// next good message is judged.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "net/mqtt.hpp"
#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

constexpr const char* good_flow =
    R"({"ts":1545403816.962094,"uid":"CrDn63WjJEmrWGjqf","id.orig_h":"10.0.0.5","id.orig_p":1,)"
    R"("id.resp_h":"10.0.0.1","id.resp_p":80,"proto":"tcp","conn_state":"SF"})";

std::unique_ptr<MqttPublisher> connect(const Broker& broker) {
  auto uri = parse_mqtt_uri(broker.uri());
  auto publisher = MqttPublisher::create({.broker = *uri, .client_id = "bad-input-test"});
  EXPECT_TRUE(publisher);
  EXPECT_TRUE((*publisher)->wait_connected(std::chrono::seconds{10}));
  return std::move(publisher).value();
}

TEST(BadInput, MessagesGoToQuarantineAndTheLineGoesOn) {
  if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  TemporaryDirectory folder;
  Broker broker{{.lines = {"message_size_limit 0"}}};
  Service service{folder.path(), broker.uri()};
  ASSERT_NO_FATAL_FAILURE(service.start_connected());

  struct Row {
    std::string topic;
    std::string payload;
    std::string code;
    std::string said;  ///< the offending piece, in the reason
  };
  const std::vector<Row> rows{
      {"iot/a/flow", R"({"ts":1545403816.9,)", "truncated", "byte 19"},
      {"iot/b/flow", R"({"ts":true,"id.orig_h":"1"})", "wrong_type", "ts"},
      {"iot/c/sensor", R"({"timestamp":1545403816,"temperature":NaN})", "", "temperature"},
      {"iot/d/flow", R"({"ts":1545403816.9,"id.orig_h":"10.0.0.5"})", "missing_field", "id."},
      {"iot/e/sensor", R"({"temperature":20.5})", "missing_field", "timestamp"},
      {"iot/f/sensor", "{\"timestamp\":1545403816,\"temperature\":1,\"note\":\"\xFF\"}",
       "malformed", ""},
      {"iot/g/sensor", std::string(10U << 20U, 'x'), "too_large", "10485760"},
      {"iot/h/weather", R"({"timestamp":1545403816,"temperature":1})", "unsupported", "weather"},
      {"iot/i/sensor", "", "truncated", ""},
      {"iot/j/flow", "[1,2,3]", "", ""},
  };
  auto publisher = connect(broker);
  for (const Row& row : rows) ASSERT_TRUE(publisher->publish(row.topic, row.payload, 1, false));
  ASSERT_TRUE(publisher->publish("iot/cam/flow", good_flow, 1, false));
  ASSERT_TRUE(publisher->wait_drained(0, std::chrono::seconds{30}));
  service.wait_for(rows.size() + 1);
  EXPECT_EQ(service.counters()["verdicts"], 1);

  const auto items = service.get("/api/v1/quarantine?limit=100")["items"];
  for (const Row& row : rows) {
    SCOPED_TRACE(row.topic);
    const auto found = std::find_if(items.begin(), items.end(), [&](const auto& item) {
      return item["place"].template get<std::string>().find(row.topic) != std::string::npos;
    });
    ASSERT_NE(found, items.end());
    const std::string reason = (*found)["reason"];
    EXPECT_FALSE(reason.empty());
    EXPECT_NE(reason.find(row.said), std::string::npos) << reason;
    if (!row.code.empty()) {
      EXPECT_EQ((*found)["code"], row.code) << reason;
    }
    EXPECT_EQ((*found)["payload_bytes"], row.payload.size());
  }
  service.kill(SIGINT);
  EXPECT_EQ(service.process().wait(), 0);
}

TEST(BadInput, CommandsSayWhatIsWrongAndHowBad) {
  TemporaryDirectory folder;
  const auto path = [&](const char* name) { return (folder.path() / name).string(); };
  write_file(path("empty.log"), "");
  write_file(path("missing-column.log"),
             "#separator \\x09\n#fields\tts\tuid\tid.orig_h\n1.0\tC1\t10.0.0.1\n");
  write_file(path("noise.bin"), std::string{"\x7f"
                                            "ELF\x02\x01\x01\0\0\0",
                                            10});
  write_file(path("typo.toml"), "[http]\nprot = 80\n");
  write_file(path("dir-store.toml"), "[store]\nuri = \"sqlite:.\"\n[http]\nport = 0\n");
  write_file(path("no-place.toml"),
             "[store]\nuri = \"sqlite:/proc/vedette.db\"\n[http]\nport = 0\n");
  struct Row {
    std::vector<std::string> words;
    int code;
    std::string said;
  };
  const std::string out = path("out");
  for (const Row& row : std::vector<Row>{
           {{"prepare", path("empty.log"), "-o", out}, 1, "empty.log: is empty"},
           {{"prepare", folder.path().string(), "-o", out}, 3, "Is a directory"},
           {{"prepare", path("none.log"), "-o", out}, 1, "none.log: No such file"},
           {{"prepare", path("missing-column.log"), "-o", out}, 1, "id.orig_p"},
           {{"prepare", path("noise.bin"), "-o", out}, 1, "noise.bin"},
           {{"train", path("noise.bin"), "-o", out}, 1, "noise.bin"},
           {{"model", "show", path("noise.bin")}, 1, "noise.bin"},
           {{"score", path("none.vdm"), path("empty.log")}, 1, "none.vdm"},
           {{"serve", path("typo.toml")}, 1, "typo.toml line 2: [http] has no key \"prot\""},
           {{"serve", path("none.toml")}, 1, "none.toml: No such file"},
           {{"serve", path("dir-store.toml")}, 3, folder.path().string()},
           {{"serve", path("no-place.toml")}, 3, "/proc/vedette.db"},
           {{"frobnicate"}, 2, ""},
           {{"train"}, 2, ""},
           {{"prepare", "--help"}, 0, ""},
       }) {
    SCOPED_TRACE(fmt::format("vedette {}", fmt::join(row.words, " ")));
    const Outcome outcome = run_vedette(row.words);
    EXPECT_EQ(outcome.code, row.code) << outcome.errors;
    EXPECT_NE((outcome.errors + outcome.output).find(row.said), std::string::npos)
        << outcome.errors;
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

TEST(BadInput, ABusyPortIsSaidAndEndsWithTheEnvironmentsCode) {
  TemporaryDirectory folder;
  if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  Broker broker;  // anything that listens
  write_file(folder.path() / "v.toml", fmt::format("[http]\nport = {}\n", broker.port()));
  const Outcome outcome = run_vedette({"serve", (folder.path() / "v.toml").string()});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.errors.find(std::to_string(broker.port())), std::string::npos)
      << outcome.errors;
}

TEST(BadInput, AnUnreachableBrokerIsTriedAgainAndSaid) {
  if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  TemporaryDirectory folder;
  Broker broker;
  Service service{folder.path(), broker.uri()};
  broker.stop();
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_TRUE(eventually([&] {
    return service.process().errors().find("trying again") != std::string::npos;
  })) << service.process().errors();
  EXPECT_EQ(service.get("/api/v1/status")["source"]["connected"], false);
  broker.start();
  EXPECT_TRUE(
      eventually([&] { return service.get("/api/v1/status")["source"]["connected"] == true; }));
  service.kill(SIGINT);
}

TEST(BadInput, ADamagedModelIsRefusedWhereverTheDamageIs) {
  TemporaryDirectory folder;
  const std::string flows = folder.path() / "flows.log";
  const std::string dataset = folder.path() / "flows.vds";
  const std::string model = folder.path() / "tree.vdm";
  ASSERT_EQ(run_vedette({"simulate", "--devices", "10", "--messages", "20000", "--to", flows}).code,
            0);
  ASSERT_EQ(run_vedette({"prepare", flows, "-o", dataset}).code, 0);
  const Outcome trained = run_vedette({"train", dataset, "-o", model});
  ASSERT_EQ(trained.code, 0) << trained.errors;
  std::ifstream in{model, std::ios::binary};
  const std::string good{std::istreambuf_iterator<char>{in}, {}};
  for (const std::size_t at : {std::size_t{0}, std::size_t{9}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    write_file(model, bad);
    const Outcome outcome = run_vedette({"score", model, flows});
    EXPECT_EQ(outcome.code, 1) << "byte " << at;
    EXPECT_NE(outcome.errors.find("tree.vdm"), std::string::npos) << outcome.errors;
    EXPECT_EQ(outcome.output, "");
  }
  write_file(model, good.substr(0, good.size() / 3));
  EXPECT_EQ(run_vedette({"score", model, flows}).code, 1);
}

}  // namespace
}  // namespace vedette::test

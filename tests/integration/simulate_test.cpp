// `vedette simulate` as its users type it: lists, scenarios, files, learned profiles, and what
// cannot be.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class SimulateProgram : public testing::Test {
 protected:
  std::string file(std::string_view name) const { return folder_.path() / name; }
  TemporaryDirectory folder_;
};

TEST_F(SimulateProgram, ListsAndExplainsWhatThereIs) {
  const Outcome list = run_vedette({"simulate", "--list"});
  EXPECT_EQ(list.code, 0) << list.errors;
  for (const char* name : {"camera", "thermostat", "plug", "hub", "voice_assistant", "lock",
                           "meter", "pump", "gateway", "udp_flood", "mirai", "slow_scan",
                           "mqtt_topic_guessing", "spoofed_device", "unit_change", "dead_device"}) {
    EXPECT_NE(list.output.find(std::string{"\n  "} + name + " "), std::string::npos) << name;
  }
  EXPECT_NE(run_vedette({"simulate", "--explain", "pump"}).output.find("vibration"),
            std::string::npos);
  const Outcome nothing = run_vedette({"simulate", "--explain", "toaster"});
  EXPECT_EQ(nothing.code, 1);
  EXPECT_NE(nothing.errors.find("camera"), std::string::npos) << nothing.errors;
}

TEST_F(SimulateProgram, NeedsNoScenarioAndTheSameSeedGivesTheSameBytes) {
  for (const char* name : {"one.log", "two.log"}) {
    const Outcome done = run_vedette(
        {"simulate", "--devices", "30", "--duration", "10m", "--seed", "7", "--to", file(name)});
    ASSERT_EQ(done.code, 0) << done.errors;
  }
  EXPECT_GT(content(file("one.log")).size(), 100'000U);
  EXPECT_EQ(content(file("one.log")), content(file("two.log")));
  EXPECT_EQ(content(file("one.labels.jsonl")), content(file("two.labels.jsonl")));
}

TEST_F(SimulateProgram, AScenarioWithALearnedProfileOfACapture) {
  ASSERT_EQ(run_vedette({"simulate", "--devices", "12", "--messages", "5000", "--attack", "none",
                         "--to", file("capture.log.labeled")})
                .code,
            0);
  const Outcome fitted =
      run_vedette({"simulate", "--fit", file("capture.log.labeled"), "--to", file("camera.vdp")});
  ASSERT_EQ(fitted.code, 0) << fitted.errors;
  EXPECT_EQ(run_vedette({"simulate", "--explain", file("camera.vdp")}).output, fitted.output);
  write_file(file("fleet.toml"), R"(
seed = 3
duration = "20m"
episode_every = "0s"
[[group]]
profile = "camera.vdp"
count = 2
[[group]]
profile = "pump"
[[episode]]
kind = "udp_flood"
device = "camera-02"
at = "5m"
length = "20s"
)");
  const Outcome done = run_vedette({"simulate", file("fleet.toml"), "--to", file("all.jsonl")});
  ASSERT_EQ(done.code, 0) << done.errors;
  const std::string records = content(file("all.jsonl"));
  for (const char* device : {"\"camera-01\"", "\"camera-02\"", "\"pump-01\"", "vibration"}) {
    EXPECT_NE(records.find(device), std::string::npos) << device;
  }
  EXPECT_NE(content(file("all.labels.jsonl")).find("udp_flood"), std::string::npos);
  EXPECT_NE(done.errors.find("DDoS"), std::string::npos) << done.errors;
}

TEST_F(SimulateProgram, WhatCannotBeIsOneSentenceAndNoFile) {
  write_file(file("bad.toml"), "[[group]]\nprofile = \"toaster\"\n");
  write_file(file("few.log.labeled"), "#separator \\x09\n");
  const std::string out = file("out.log");
  struct Row {
    std::vector<std::string> words;
    int code;
    std::string says;
  };
  const Row rows[] = {
      {{file("bad.toml"), "--duration", "1m", "--to", out}, 1, "toaster"},
      {{file("absent.toml"), "--to", out}, 1, "absent.toml"},
      {{"--attack", "earthquake", "--duration", "1m", "--to", out}, 1, "udp_flood"},
      {{"--devices", "100001", "--duration", "1m", "--to", out}, 1, "100000"},
      {{"--devices", "0", "--duration", "1m", "--to", out}, 1, "not 0"},
      {{"--rate", "-1", "--duration", "1m", "--to", out}, 1, "not -1"},
      {{"--rate", "5", "--pace", "2", "--duration", "1m", "--to", out}, 1, "--pace"},
      {{"--replay", file("few.log.labeled"), "--devices", "3", "--to", out}, 1, "--devices"},
      {{"--explain", ""}, 1, "camera"},
      {{"--duration", "soon", "--to", out}, 1, "soon"},
      {{"--start", "noon", "--duration", "1m", "--to", out}, 1, "noon"},
      {{"--speed", "fast", "--to", "mqtt://127.0.0.1:1"}, 1, "fast"},
      {{"--speed", "2x", "--rate", "5", "--to", "mqtt://127.0.0.1:1"}, 1, "rate"},
      {{"--to", out}, 1, "duration"},
      {{"--duration", "1m", "--to", file("flows.pcap")}, 1, "flows.pcap"},
      {{"--duration", "1m", "--to", file("no/such/folder/flows.log")}, 1, "folder"},
      {{"--to", "mqtt://127.0.0.1:1", "--duration", "1s"}, 3, "127.0.0.1"},
      {{"--fit", file("few.log.labeled"), "--to", file("x.vdp")}, 1, "few.log.labeled"},
      {{"--fit", file("few.log.labeled"), "--to", out}, 1, ".vdp"},
      {{"--explain", file("bad.toml") + ".vdp"}, 1, "bad.toml.vdp"},
      {{"--replay", file("absent.log"), "--to", out}, 1, "absent.log"},
  };
  for (const Row& row : rows) {
    std::vector<std::string> words{"simulate"};
    words.insert(words.end(), row.words.begin(), row.words.end());
    SCOPED_TRACE(row.says);
    const Outcome outcome = run_vedette(words);
    EXPECT_EQ(outcome.code, row.code) << outcome.errors;
    EXPECT_NE(outcome.errors.find(row.says), std::string::npos) << outcome.errors;
    // The last line is the one sentence; a broker's absence is logged before it.
    const std::size_t said = outcome.errors.find("vedette: ");
    ASSERT_NE(said, std::string::npos) << outcome.errors;
    EXPECT_EQ(outcome.errors.find('\n', said), outcome.errors.size() - 1) << outcome.errors;
    for (const auto& entry : std::filesystem::directory_iterator{folder_.path()}) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name == "bad.toml" || name == "few.log.labeled") << name;
    }
  }
}

TEST_F(SimulateProgram, ANegativeNumberIsNoLargeOne) {
  for (const char* option : {"--devices", "--seed", "--messages"}) {
    const Outcome outcome =
        run_vedette({"simulate", option, "-1", "--duration", "1s", "--to", file("flows.log")});
    EXPECT_EQ(outcome.code, 2) << option;
    EXPECT_NE(outcome.errors.find("\"-1\" is no whole number"), std::string::npos)
        << outcome.errors;
    EXPECT_FALSE(std::filesystem::exists(file("flows.log")));
  }
}

}  // namespace
}  // namespace vedette::test

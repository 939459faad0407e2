/// Routes, access and answers, through Api::handle().
#include <gtest/gtest.h>

#include "api/contract.hpp"
#include "api/routes.hpp"
#include "tests/support/api_fixture.hpp"

namespace vedette {
namespace {

class ApiTest : public test::ApiFixture {
 protected:
  Judged judged(int second, const char* device, bool anomalous) {
    Judged item;
    item.record.kind = RecordKind::reading;
    item.record.device = device;
    item.record.time = clock.now() + std::chrono::seconds{second};
    item.record.reading.add("temperature", 20 + second);
    item.record.seal();
    item.received = item.record.time;
    item.verdict.score = 0.25F;
    item.verdict.anomalous = anomalous;
    item.verdict.label = anomalous ? "level" : "Benign";
    return item;
  }
  /// A path of the route with something in the place of {…}.
  static std::string example(const Route& route) {
    std::string path{route.path};
    const std::size_t open = path.find('{');
    if (open != std::string::npos) path.replace(open, path.find('}') - open + 1, "7");
    return path;
  }
};

TEST_F(ApiTest, TheTableAndTheContractNameTheSameRoutes) {
  const auto contract = nlohmann::json::parse(contract_json());
  std::set<std::string> promised;
  for (const auto& [path, methods] : contract["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      promised.insert(upper + " " + path);
    }
  }
  std::set<std::string> kept;
  for (const Route& route : routes()) {
    kept.insert(std::string{route.method} + " " + std::string{route.path});
    std::string lower{route.method};
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    const auto& operation = contract["paths"][std::string{route.path}][lower];
    EXPECT_EQ(operation.value("x-role", "") == "admin", route.access == Access::admin)
        << route.path;
    EXPECT_EQ(operation.contains("security"), route.access == Access::open) << route.path;
  }
  EXPECT_EQ(promised, kept);
}

TEST_F(ApiTest, EveryReferenceOfTheContractLeadsSomewhere) {
  const auto contract = nlohmann::json::parse(contract_json());
  int references = 0;
  const std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& node) {
    if (node.is_object() && node.contains("$ref")) {
      ++references;
      const auto target = node["$ref"].get<std::string>();
      EXPECT_TRUE(contract.contains(nlohmann::json::json_pointer{target.substr(1)})) << target;
    }
    if (node.is_structured()) {
      for (const auto& child : node) walk(child);
    }
  };
  walk(contract);
  EXPECT_GT(references, 100);
}

TEST_F(ApiTest, NobodyGets401EverywhereButAtTheDoor) {
  for (const Route& route : routes()) {
    const HttpResponse response = ask(route.method, example(route));
    if (route.access == Access::open) {
      EXPECT_NE(response.status, 401) << route.path;
      continue;
    }
    EXPECT_EQ(response.status, 401) << route.method << " " << route.path;
    EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
    EXPECT_FALSE(detail(response).empty());
  }
}

TEST_F(ApiTest, ViewersGet403WhereAdministratorsAct) {
  for (const Route& route : routes()) {
    if (route.access == Access::open) continue;
    const HttpResponse response = as("viewer", route.method, example(route));
    EXPECT_EQ(response.status == 403, route.access == Access::admin)
        << route.method << " " << route.path << " " << response.body;
    // The viewer's token was just used up by its own log-out.
    if (route.path == "/api/v1/logout") {
      ASSERT_TRUE(store
                      .put_token({hash_secret("viewer-api"), "viewer", "api", "api", clock.now(),
                                  clock.now() + std::chrono::hours{1}})
                      .ok());
    }
  }
}

TEST_F(ApiTest, UnknownQueryParametersAreRefusedEverywhere) {
  for (const Route& route : routes()) {
    const HttpResponse response =
        ask(route.method, example(route) + "?surprise=1",
            {{"authorization", "Bearer admin-api"}, {"content-type", "application/json"}}, "{}");
    // A missing thing may be said first; what must not happen is that it is ignored.
    EXPECT_TRUE(response.status == 400 || response.status == 404)
        << route.method << " " << route.path << " " << response.status;
  }
}

TEST_F(ApiTest, UnknownPathsAndMethods) {
  EXPECT_EQ(as("admin", "GET", "/api/v1/nothing").status, 404);
  EXPECT_EQ(as("admin", "GET", "/api").status, 404);
  const HttpResponse response = as("admin", "DELETE", "/api/v1/alerts/1");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Allow"), "GET, POST");
}

TEST_F(ApiTest, ABrokenStoreIsAProblemNotACrash) {
  store.broken = true;
  for (const Route& route : routes()) {
    if (route.access == Access::open) continue;
    const HttpResponse response = as("admin", route.method, example(route));
    EXPECT_EQ(response.status, 500) << route.path;
    EXPECT_EQ(detail(response), "the store: disk full");
  }
}

TEST_F(ApiTest, HealthIsOpen) {
  const HttpResponse response = ask("GET", "/api/v1/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"ok","version":"1.2.3"})");
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
}

TEST_F(ApiTest, StatusTellsTheLawAndTheRest) {
  payloads = {"1", "one", "2"};
  ASSERT_TRUE(pipeline->step({}).ok());
  const auto status = json(as("viewer", "GET", "/api/v1/status"));
  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["started"], "2026-11-23T12:00:00.000000Z");
  EXPECT_EQ(status["source"]["description"], "by hand");
  EXPECT_EQ(status["source"]["connected"], true);
  EXPECT_EQ(status["counters"]["received"], 3);
  EXPECT_EQ(status["counters"]["verdicts"], 2);
  EXPECT_EQ(status["counters"]["quarantined"], 1);
  EXPECT_EQ(status["counters"]["waiting"], 0);
  EXPECT_EQ(status["counters"].size(), 10U);
  EXPECT_EQ(status["lag"]["batch_size"], 3);
  EXPECT_EQ(status["store"]["bytes"], 4096);
  EXPECT_TRUE(status["models"]["flow"].is_null());
  EXPECT_EQ(status["live"]["subscribers"], 0);
}

TEST_F(ApiTest, TimelineFollowsTheTicks) {
  api->tick();
  for (int second = 1; second <= 3; ++second) {
    payloads.assign(static_cast<std::size_t>(second), "1");
    ASSERT_TRUE(pipeline->step({}).ok());
    clock.advance(std::chrono::seconds{1});
    api->tick();
  }
  const auto timeline = json(as("viewer", "GET", "/api/v1/timeline?seconds=2"));
  EXPECT_EQ(timeline["step_seconds"], 1);
  ASSERT_EQ(timeline["points"].size(), 2U);
  EXPECT_EQ(timeline["points"][1]["received"], 3);
  EXPECT_EQ(timeline["points"][1]["time"], "2026-11-23T12:00:03.000000Z");
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/status"))["rates"]["received"], 2.0);
}

TEST_F(ApiTest, BadParametersAreNamedWithTheirValue) {
  struct Fact {
    const char* target;
    const char* detail;
  };
  const Fact facts[] = {
      {"/api/v1/timeline?seconds=0",
       "parameter seconds: \"0\" is not a whole number from 1 to 3600"},
      {"/api/v1/timeline?seconds=3601",
       "parameter seconds: \"3601\" is not a whole number from 1 to 3600"},
      {"/api/v1/verdicts?limit=1001",
       "parameter limit: \"1001\" is not a whole number from 1 to 1000"},
      {"/api/v1/verdicts?limit=-1", "parameter limit: \"-1\" is not a whole number from 1 to 1000"},
      {"/api/v1/verdicts?limit=ten",
       "parameter limit: \"ten\" is not a whole number from 1 to 1000"},
      {"/api/v1/verdicts?kind=cat", "parameter kind: \"cat\" is not flow or reading"},
      {"/api/v1/verdicts?anomalous=maybe", "parameter anomalous: \"maybe\" is not true or false"},
      {"/api/v1/verdicts?from=yesterday",
       "parameter from: \"yesterday\" is not a time like 2026-11-23T12:00:00Z"},
      {"/api/v1/verdicts?surprise=1",
       "parameter \"surprise\" is not known here (its value was \"1\")"},
      {"/api/v1/verdicts?before=x", "cursor \"x\""},
      {"/api/v1/records?anomalous=true",
       "parameter \"anomalous\" is not known here (its value was \"true\")"},
      {"/api/v1/alerts?open=2", "parameter open: \"2\" is not true or false"},
      {"/api/v1/verdicts/xyz", "id \"xyz\" is no record id"},
      {"/api/v1/alerts/xyz", "id \"xyz\" is no alert id"},
      {"/api/v1/rollups?from=2026-11-23T13:00:00Z", "parameter from: it is not before to"},
      {"/api/v1/rollups?from=2026-11-01T00:00:00Z",
       "parameter from: from and to are more than 10080 minutes apart"},
      {"/api/v1/quarantine?limit=0", "parameter limit: \"0\" is not a whole number from 1 to 1000"},
      {"/api/v1/audit?limit=0", "parameter limit: \"0\" is not a whole number from 1 to 1000"},
  };
  for (const Fact& fact : facts) {
    const HttpResponse response = as("admin", "GET", fact.target);
    EXPECT_EQ(response.status, 400) << fact.target;
    EXPECT_EQ(detail(response), fact.detail) << fact.target;
  }
  const std::string long_name(129, 'a');
  EXPECT_EQ(as("admin", "GET", "/api/v1/verdicts?device=" + long_name).status, 400);
}

TEST_F(ApiTest, VerdictsAndRecordsArePagedNewestFirst) {
  for (int i = 0; i < 5; ++i) store.judged.push_back(judged(i, i % 2 == 0 ? "a" : "b", i == 4));
  std::vector<std::string> ids;
  std::string next;
  do {
    const auto page = json(as("viewer", "GET", "/api/v1/verdicts?limit=2&before=" + next));
    for (const auto& item : page["items"]) ids.push_back(item["id"]);
    next = page["next"];
  } while (!next.empty());
  ASSERT_EQ(ids.size(), 5U);
  EXPECT_EQ(ids.front(), to_text(store.judged.back().record.key));
  EXPECT_EQ(ids.back(), to_text(store.judged.front().record.key));

  const auto count = [&](const char* target) {
    return json(as("viewer", "GET", target))["items"].size();
  };
  EXPECT_EQ(count("/api/v1/verdicts?device=a"), 3U);
  EXPECT_EQ(count("/api/v1/verdicts?anomalous=true"), 1U);
  EXPECT_EQ(count("/api/v1/verdicts?label=Benign"), 4U);
  EXPECT_EQ(count("/api/v1/verdicts?kind=flow"), 0U);
  EXPECT_EQ(count("/api/v1/records?device=b"), 2U);
  EXPECT_EQ(count("/api/v1/records?from=2026-11-23T12:00:01Z&to=2026-11-23T12:00:03Z"), 2U);
}

TEST_F(ApiTest, OneVerdictAndOneRecord) {
  store.judged.push_back(judged(0, "cam", true));
  const std::string id = to_text(store.judged[0].record.key);
  std::string expected;
  append_verdict_json(expected, store.judged[0]);
  EXPECT_EQ(as("viewer", "GET", "/api/v1/verdicts/" + id).body, expected);
  const auto record = json(as("viewer", "GET", "/api/v1/records/" + id));
  EXPECT_EQ(record.size(), 6U);
  EXPECT_EQ(record["id"], id);
  EXPECT_EQ(record["record"]["temperature"], 20.0);
  EXPECT_EQ(as("viewer", "GET", "/api/v1/verdicts/1-0000000000000000").status, 404);
}

TEST_F(ApiTest, DevicesMayHaveSlashesInTheirName) {
  store.all_devices = {{"hall/cam", clock.now(), clock.now(), 1, 2, 3, 4}};
  const auto list = json(as("viewer", "GET", "/api/v1/devices"));
  EXPECT_EQ(list["items"][0]["open_alerts"], 4);
  EXPECT_EQ(list["next"], "");
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/devices/hall/cam"))["anomalies"], 3);
  EXPECT_EQ(as("viewer", "GET", "/api/v1/devices/hall").status, 404);
}

TEST_F(ApiTest, AlertsAreMarkedAndAudited) {
  Alert alert;
  alert.id = 7;
  alert.device = "cam";
  store.all_alerts = {alert};
  const auto marked =
      json(as("admin", "POST", "/api/v1/alerts/7",
              R"({"acknowledged":true,"feedback":"false_alarm","comment":"a \"test\""})"));
  EXPECT_EQ(marked["acknowledged"], true);
  EXPECT_EQ(marked["feedback"], "false_alarm");
  EXPECT_EQ(marked["comment"], "a \"test\"");
  const auto again = json(as("admin", "POST", "/api/v1/alerts/7", R"({"acknowledged":false})"));
  EXPECT_EQ(again["acknowledged"], false);
  EXPECT_EQ(again["feedback"], "false_alarm") << "what is left out stays";
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/alerts?acknowledged=false"))["items"].size(), 1U);
  const auto audit = json(as("admin", "GET", "/api/v1/audit"));
  EXPECT_EQ(audit["items"][0]["action"], "alert.acknowledge");
  EXPECT_EQ(audit["items"][0]["user"], "admin");
  EXPECT_EQ(audit["items"][0]["subject"], "7");
  EXPECT_EQ(as("admin", "POST", "/api/v1/alerts/8", R"({"acknowledged":true})").status, 404);
}

TEST_F(ApiTest, IncidentsAreMarkedAndAudited) {
  Incident incident;
  incident.id = 7;
  incident.title = "boiler: temperature froze";
  incident.nature = Nature::device_health;
  store.all_incidents = {incident};
  const auto list = json(as("viewer", "GET", "/api/v1/incidents?order=rank&nature=device_health"));
  EXPECT_EQ(list["items"][0]["title"], "boiler: temperature froze");
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/incidents?nature=attack"))["items"].size(), 0U);
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/incidents/7"))["nature"], "device_health");
  const auto marked = json(as("admin", "POST", "/api/v1/incidents/7",
                              R"({"acknowledged":true,"feedback":"true_alarm"})"));
  EXPECT_EQ(marked["acknowledged"], true);
  EXPECT_EQ(marked["feedback"], "true_alarm");
  const auto audit = json(as("admin", "GET", "/api/v1/audit"));
  EXPECT_EQ(audit["items"][0]["action"], "incident.acknowledge");
  EXPECT_EQ(as("admin", "POST", "/api/v1/incidents/8", R"({"acknowledged":true})").status, 404);
  EXPECT_EQ(detail(as("admin", "GET", "/api/v1/incidents?order=best")),
            "parameter order: \"best\" is not rank or newest");
  EXPECT_EQ(detail(as("admin", "GET", "/api/v1/alerts?nature=evil")),
            "parameter nature: \"evil\" is not attack, behaviour, device_health or data_quality");
}

TEST_F(ApiTest, ExclusionsAreMadeFollowedByTheLineAndUndone) {
  const auto made = as("admin", "POST", "/api/v1/exclusions",
                       R"({"device":"cam","port":123,"day":{"from":"22:00","to":"06:30"},)"
                       R"("reason":"time sync","expires":"2026-11-24T00:00:00Z"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(json(made)["id"], 1);
  EXPECT_EQ(json(made)["created_by"], "admin");
  EXPECT_EQ(json(made)["active"], true);
  const auto list = json(as("viewer", "GET", "/api/v1/exclusions"));
  ASSERT_EQ(list["items"].size(), 1U);
  EXPECT_EQ(list["items"][0]["day"]["to"], "06:30");
  EXPECT_EQ(list["items"][0]["port"], 123);
  EXPECT_TRUE(list["items"][0]["from"].is_null());
  ASSERT_EQ(exclusions.look()->all().size(), 1U);
  EXPECT_EQ(exclusions.look()->all()[0].device, "cam");
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/exclusions/1").status, 204);
  EXPECT_TRUE(exclusions.look()->all().empty());
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/exclusions/1").status, 404);
  const auto audit = json(as("admin", "GET", "/api/v1/audit"));
  EXPECT_EQ(audit["items"][0]["action"], "exclusion.delete");
  EXPECT_EQ(audit["items"][1]["action"], "exclusion.create");
}

TEST_F(ApiTest, BadExclusionsAndPreviewsAreNamed) {
  struct Fact {
    const char* path;
    const char* body;
    const char* detail;
  };
  const Fact facts[] = {
      {"exclusions", R"({"reason":"x"})",
       "an exclusion names a device, kind, label, destination, port, day, from or to"},
      {"exclusions", R"({"device":"a"})", "member reason is missing"},
      {"exclusions", R"({"device":"a","reason":""})", "member reason: an exclusion says why"},
      {"exclusions", R"({"port":65536,"reason":"x"})",
       "member port is not a whole number from 0 to 65535"},
      {"exclusions", R"({"kind":"cat","reason":"x"})",
       "member kind: \"cat\" is not flow or reading"},
      {"exclusions", R"({"day":{"from":"22:00","to":"24:00"},"reason":"x"})",
       "member day: from and to are two different times like 22:00"},
      {"exclusions", R"({"device":"a","reason":"x","expires":"2026-11-23T11:00:00Z"})",
       "member expires: it is not in the future"},
      {"preview", R"({"threshold":2})", "member threshold is not a number from 0 to 1"},
      {"preview", R"({"kind":"flow"})", "member kind: it is for a threshold"},
      {"preview", R"({"exclusions":5})", "member exclusions is not a list of at most 100"},
      {"preview", R"({"exclusions":[{"device":"a"},{"devise":"a","port":1}]})",
       "exclusions[1]: member \"devise\" is not known here"},
      {"preview", R"({"without":["a"]})", "without[0] is not the id of an exclusion"},
  };
  for (const Fact& fact : facts) {
    const auto response = as("admin", "POST", std::string{"/api/v1/"} + fact.path, fact.body);
    EXPECT_EQ(response.status, 400) << fact.body;
    EXPECT_EQ(detail(response), fact.detail) << fact.body;
  }
}

TEST_F(ApiTest, PreviewsCountBothSides) {
  for (int i = 0; i < 4; ++i) {
    Judged item = judged(i, "cam", i < 3);
    item.verdict.threshold = 0.2F;
    item.verdict.score = i < 3 ? 0.25F + 0.2F * static_cast<float>(i) : 0.1F;
    store.judged.push_back(item);
  }
  const auto preview = json(as("viewer", "POST", "/api/v1/preview", R"({"threshold":0.6})"));
  EXPECT_EQ(preview["now"]["anomalous"], 3);
  EXPECT_EQ(preview["would"]["anomalous"], 1);
  EXPECT_EQ(preview["hidden"], 2);
  EXPECT_EQ(preview["raised"], 0);
  EXPECT_EQ(preview["now"]["alerts"], 1);
  EXPECT_EQ(preview["would"]["alerts"], 0);
  EXPECT_EQ(preview["cut"], false);
  EXPECT_EQ(preview["days"][0]["day"], "2026-11-23");
  EXPECT_EQ(preview["devices"][0]["device"], "cam");
  EXPECT_EQ(preview["devices"][0]["now"]["incidents"], 1);
}

TEST_F(ApiTest, BadBodiesAreNamed) {
  store.all_alerts.resize(1);
  struct Fact {
    const char* body;
    const char* detail;
  };
  const Fact facts[] = {
      {"", "the body is not JSON"},
      {"{", "the body is not JSON"},
      {"[]", "the body is not a JSON object"},
      {"{}", "member acknowledged is missing"},
      {R"({"acknowledged":1})", "member acknowledged is not true or false"},
      {R"({"acknowledged":true,"comment":5})", "member comment is not a string"},
      {R"({"acknowledged":true,"feedback":"perhaps"})",
       "member feedback: \"perhaps\" is not \"\", true_alarm or false_alarm"},
      {R"({"acknowledged":true,"surprise":1})", "member \"surprise\" is not known here"},
  };
  for (const Fact& fact : facts) {
    const HttpResponse response = as("admin", "POST", "/api/v1/alerts/0", fact.body);
    EXPECT_EQ(response.status, 400) << fact.body;
    EXPECT_EQ(detail(response), fact.detail) << fact.body;
  }
  const std::string deep(60'000, '[');
  EXPECT_EQ(as("admin", "POST", "/api/v1/alerts/0", deep).status, 400);
}

TEST_F(ApiTest, QuarantineHoldsBinaryPayloads) {
  store.refused.resize(3);
  store.refused[2].payload = "\xFF\x00z";
  const auto page = json(as("viewer", "GET", "/api/v1/quarantine?limit=2"));
  EXPECT_EQ(page["items"].size(), 2U);
  EXPECT_EQ(page["next"], "2");
}

TEST_F(ApiTest, RollUpsDefaultToTheLastHour) {
  const Time now = clock.now();
  store.minutes = {{now - std::chrono::minutes{90}, 1, 1, 1, 0.1F},
                   {now - std::chrono::minutes{30}, 2, 3, 4, 0.1F}};
  EXPECT_EQ(as("viewer", "GET", "/api/v1/rollups").body,
            R"({"items":[{"minute":"2026-11-23T11:30:00.000000Z","flows":2,"readings":3,)"
            R"("anomalies":4,"score_max":0.1}]})");
}

TEST_F(ApiTest, MetricsAreInPrometheusForm) {
  payloads = {"1", "one"};
  ASSERT_TRUE(pipeline->step({}).ok());
  const HttpResponse response = as("viewer", "GET", "/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"# HELP vedette_messages_received_total Messages pulled from the source",
        "# TYPE vedette_messages_received_total counter", "\nvedette_messages_received_total 2\n",
        "\nvedette_verdicts_total 1\n", "\nvedette_quarantined_total 1\n", "\nvedette_waiting 0\n",
        "# TYPE vedette_waiting gauge", "\nvedette_store_bytes 4096\n",
        "vedette_build_info{version=\"1.2.3\"} 1\n", "\nprocess_resident_memory_bytes "}) {
    EXPECT_NE(response.body.find(line), std::string::npos) << line << "\n" << response.body;
  }
}

TEST_F(ApiTest, TheContractIsServed) {
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/openapi.json"))["openapi"], "3.1.0");
}

TEST_F(ApiTest, StreamsBeginWithATickAndAreBounded) {
  const HttpResponse first = as("viewer", "GET", "/api/v1/stream");
  ASSERT_NE(first.events, nullptr);
  EXPECT_TRUE(first.body.starts_with("retry: 2000\n\nevent: tick\ndata: {\"time\":\""));
  const HttpResponse second = as("viewer", "GET", "/api/v1/stream");
  const HttpResponse third = as("viewer", "GET", "/api/v1/stream");
  EXPECT_EQ(third.status, 503);
  EXPECT_EQ(header(third, "Retry-After"), "10");
  api->tick();
  EXPECT_TRUE(first.events->pop()->starts_with("event: tick\ndata: {"));
}

TEST_F(ApiTest, TheDashboardIsOpenAndCached) {
  const HttpResponse index = ask("GET", "/");
  EXPECT_EQ(index.body, "<html>");
  EXPECT_EQ(header(index, "Cache-Control"), "no-cache");
  EXPECT_EQ(ask("GET", "/devices/cam").body, "<html>") << "a page of the dashboard";
  const HttpResponse bundle = ask("GET", "/assets/index-3f2a.js");
  EXPECT_EQ(bundle.content_type, "text/javascript");
  EXPECT_EQ(header(bundle, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(ask("GET", "/assets/gone.js").status, 404);
  EXPECT_EQ(ask("POST", "/").status, 405);
  const HttpResponse same = ask("GET", "/", {{"if-none-match", header(index, "ETag")}});
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  EXPECT_EQ(ask("GET", "/", {{"if-none-match", "\"other\""}}).status, 200);
}

TEST_F(ApiTest, ABuildWithoutDashboardSaysSo) {
  assets.clear();
  api = std::make_unique<Api>(parts());
  EXPECT_EQ(detail(ask("GET", "/")), "this build carries no dashboard; the API is at /api/v1");
}

TEST_F(ApiTest, OnlyAnAdministratorsUploadMayBeLarge) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/models";
  EXPECT_EQ(api->body_limit(request), 65536U);
  request.headers["authorization"] = "Bearer viewer-api";
  EXPECT_EQ(api->body_limit(request), 65536U);
  request.headers["authorization"] = "Bearer admin-api";
  EXPECT_EQ(api->body_limit(request), model_file_bytes_max);
  request.path = "/api/v1/login";
  EXPECT_EQ(api->body_limit(request), 65536U);
}

}  // namespace
}  // namespace vedette

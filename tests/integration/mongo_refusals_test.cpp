// Every way in which a MongoDB store cannot be opened is one sentence, exit code 3, and no data
// touched.
#include <gtest/gtest.h>

#include "store/mongo_client.hpp"
#include "store/store.hpp"
#include "tests/support/mongo_proxy.hpp"
#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

constexpr const char* hasty = "?serverSelectionTimeoutMS=1000";

/// The program with that store.
Outcome run_with(const std::string& uri) {
  TemporaryDirectory folder;
  const auto config = folder.path() / "vedette.toml";
  write_file(config, fmt::format("[store]\nuri = \"{}\"\n", uri));
  return run_vedette({"user", "list", "--config", config.string()});
}

void expect_refusal(const std::string& uri, const std::string& sentence) {
  SCOPED_TRACE(uri);
  const Outcome outcome = run_with(uri);
  EXPECT_EQ(outcome.code, 3) << outcome.errors;
  EXPECT_NE(outcome.errors.find(sentence), std::string::npos) << outcome.errors;
  EXPECT_EQ(outcome.errors.find("geheim"), std::string::npos) << outcome.errors;
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
}

TEST(MongoRefusals, MistakesInTheUri) {
  expect_refusal("mongodb://ada:geheim@localhost:x/db", "localhost:x/db");
  expect_refusal("mongodb://ada:geheim/@localhost/db", "percent-encoded");
  expect_refusal("mongodb://ada:geheim@localhost/db?tsl=true", "tsl");
  expect_refusal("mongodb://", "store mongodb://");
  expect_refusal("mongo://ada:geheim@localhost/db", "mongodb+srv://");
}

TEST(MongoRefusals, NobodyAnswers) {
  expect_refusal(fmt::format("mongodb://ada:geheim@127.0.0.1:{}/db{}", free_port(), hasty),
                 "No suitable servers found");
}

mongo::Doc greeting(std::int32_t wire_version) {
  mongo::Doc hello;
  hello.set("ok", 1.0).set("ismaster", true).set("isWritablePrimary", true);
  const std::pair<const char*, std::int32_t> numbers[] = {{"minWireVersion", 0},
                                                          {"maxWireVersion", wire_version},
                                                          {"maxBsonObjectSize", 16'777'216},
                                                          {"maxMessageSizeBytes", 48'000'000},
                                                          {"maxWriteBatchSize", 100'000}};
  for (const auto& [name, value] : numbers) bson_append_int32(hello.raw(), name, -1, value);
  return hello;
}

TEST(MongoRefusals, AServerThatIsTooOld) {
  MongoProxy server{0, [](const mongo::View& command) -> std::optional<mongo::Doc> {
                      if (!command.has("buildInfo")) return greeting(9);
                      mongo::Doc build;
                      build.set("ok", 1.0).set("version", "4.4.29");
                      return build;
                    }};
  expect_refusal(server.uri("db"), "is MongoDB \"4.4.29\"; 5.0 or newer is needed");
}

TEST(MongoRefusals, WrongCredentials) {
  MongoProxy server{0, [](const mongo::View& command) -> std::optional<mongo::Doc> {
                      if (command.has("saslStart")) {
                        return MongoProxy::failure(18, "Authentication failed.\nSee elsewhere.");
                      }
                      return greeting(17);
                    }};
  expect_refusal(server.uri("db", "ada:geheim@"), "Authentication failed. See elsewhere.");
}

class MongoDatabase : public testing::Test {
 protected:
  void SetUp() override {
    if (MongoServer::program().empty()) {
      GTEST_SKIP() << "mongo_server is not built (./dev setup)";
    }
    server_.emplace(folder_.path());
    uri_ = server_->uri("db");
    client_ = mongo::Client::make(uri_).value();
  }
  void put(const char* collection, const mongo::Doc& document) {
    std::vector<mongo::Doc> documents(1);
    documents[0].append(document.get());
    ASSERT_TRUE(client_->insert(collection, documents).ok());
  }
  std::vector<std::string> collections() {
    mongo::Doc command;
    command.set("listCollections", 1);
    std::vector<std::string> names;
    const auto answer = client_->ask(command);
    for (const auto& item : answer->view().document("cursor").array("firstBatch")) {
      names.emplace_back(item.text("name"));
    }
    return names;
  }

  TemporaryDirectory folder_;
  std::optional<MongoServer> server_;
  std::string uri_;
  std::unique_ptr<mongo::Client> client_;
};

TEST_F(MongoDatabase, OverTlsIsOpenedByWhoTrustsItsCertificate) {
  const std::string certificate = (folder_.path() / "ca.pem").string();
  const std::string key = (folder_.path() / "server.key").string();
  Process openssl{{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                   "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                   "subjectAltName=IP:127.0.0.1"}};
  ASSERT_EQ(openssl.wait(), 0) << openssl.errors();
  const MongoServer server{folder_.path() / "tls", {certificate, key}};
  const std::string uri = server.uri("db") + hasty;
  EXPECT_EQ(run_with(uri + "&tls=true&tlsCAFile=" + certificate).code, 0);
  expect_refusal(uri + "&tls=true", "certificate verify failed");
  expect_refusal(uri, "No suitable servers found");
  expect_refusal(uri + "&tls=true&tlsCAFile=/nowhere/ca.pem",
                 "tlsCAFile: \"/nowhere/ca.pem\" cannot be read");
}

TEST_F(MongoDatabase, OfSomebodyElseIsLeftAlone) {
  mongo::Doc theirs;
  theirs.set("_id", "x").set("name", "bob");
  put("users", theirs);
  put("songs", theirs);
  expect_refusal(uri_, "collections that are not vedette's: \"users\"");
  EXPECT_EQ(collections(), (std::vector<std::string>{"songs", "users"}));
}

TEST_F(MongoDatabase, WithOtherCollectionsIsShared) {
  mongo::Doc theirs;
  theirs.set("_id", "x");
  put("songs", theirs);
  EXPECT_EQ(run_with(uri_).code, 0);
}

TEST_F(MongoDatabase, OfANewerVedetteIsLeftAlone) {
  mongo::Doc stamp;
  stamp.set("_id", "store").set("application", "vedette").set("schema", 99);
  put("vedette", stamp);
  expect_refusal(uri_, "schema version 99, this vedette knows up to");
  EXPECT_EQ(collections(), (std::vector<std::string>{"vedette"}));
}

TEST_F(MongoDatabase, IsOneVedettesAtATime) {
  const auto first = open_mongo_store(uri_, {});
  ASSERT_TRUE(first.ok()) << first.error().message;
  std::atomic<bool> stop{false};
  std::jthread line{[&] {
    AlarmChanges changes;
    for (Time now{}; !stop; now += std::chrono::seconds{1}) {
      EXPECT_TRUE((*first)->maintain(now, changes).ok());
      ::poll(nullptr, 0, 50);
    }
  }};
  expect_refusal(uri_, "another vedette has it open");
  stop = true;
}

}  // namespace
}  // namespace vedette::test

/// What only the SQLite store owes: files that are not its own, disks that are full, and kill -9.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "store/store.hpp"

namespace vedette {
namespace {

const Time start = time_from_micros(1'700'000'000'000'000);

class SqliteStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("vedette_sqlite_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "store.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Error failure() {
    auto opened = open_sqlite_store(path_, {});
    return opened ? Error{Errc::malformed, "it opened"} : opened.error();
  }
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

/// Runs `work` in a process of its own and gives what it returned; a signal counts as 128 and more.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void fill(Batch& batch, int round) {
  batch.reset();
  while (!batch.full()) {
    Judged& judged = batch.add();
    judged.record.kind = RecordKind::reading;
    judged.record.device = "dev";
    judged.record.time =
        start + std::chrono::seconds{round * 1000 + static_cast<int>(batch.size())};
    judged.record.reading.add("t", round);
    judged.record.seal();
    judged.received = start;
    judged.verdict.label = "level";
    judged.verdict.anomalous = true;
    judged.verdict.score = 1;
  }
}

void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
}

TEST_F(SqliteStoreTest, AFolderIsNoStore) {
  std::filesystem::create_directories(path_);
  EXPECT_EQ(failure().code, Errc::io);
  EXPECT_EQ(failure().message, path_.string() + ": Is a directory");
}

TEST_F(SqliteStoreTest, AMissingFolderIsNamed) {
  path_ = folder_ / "no" / "store.db";
  EXPECT_EQ(failure().code, Errc::io);
  EXPECT_NE(failure().message.find(path_.string()), std::string::npos);
}

TEST_F(SqliteStoreTest, GarbageIsMalformedAndLeftAsItIs) {
  const std::string garbage(10'000, 'x');
  std::ofstream{path_} << garbage;
  EXPECT_EQ(failure().code, Errc::malformed);
  EXPECT_EQ(failure().message, path_.string() + ": not a database");
  EXPECT_EQ(std::filesystem::file_size(path_), garbage.size());
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  run_sql(path_, "CREATE TABLE bookmarks (url TEXT)");
  EXPECT_EQ(failure().code, Errc::malformed);
}

TEST_F(SqliteStoreTest, ANewerSchemaIsUnsupported) {
  ASSERT_TRUE(open_sqlite_store(path_, {}).ok());
  run_sql(path_, "PRAGMA user_version = 999");
  EXPECT_EQ(failure().code, Errc::unsupported);
  EXPECT_NE(failure().message.find("schema version 999"), std::string::npos);
}

TEST_F(SqliteStoreTest, ASecondVedetteIsTurnedAway) {
  auto first = open_sqlite_store(path_, {});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(failure().code, Errc::busy);
  EXPECT_EQ(failure().message, path_.string() + ": another vedette has it open");
  first->reset();
  EXPECT_TRUE(open_sqlite_store(path_, {}).ok());
}

TEST_F(SqliteStoreTest, AReadOnlyFolderIsAnIoError) {
  ASSERT_EQ(::chmod(folder_.c_str(), 0555), 0);
  const int code = in_child([this] {
    // Root may write anywhere: become nobody.
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 2;
    return failure().code == Errc::io ? 0 : 1;
  });
  ::chmod(folder_.c_str(), 0755);
  EXPECT_EQ(code, 0);
}

TEST_F(SqliteStoreTest, TheViewNamesThings) {
  {
    auto store = open_sqlite_store(path_, {});
    ASSERT_TRUE(store.ok());
    Batch batch{1};
    fill(batch, 0);
    ASSERT_TRUE((*store)->commit(batch, start).ok());
    const std::string key = to_text(batch[0].record.key);
    run_sql(path_, fmt::format("CREATE TEMP TABLE one AS SELECT 1 / count(*) AS x FROM verdicts "
                               "WHERE id = '{}' AND kind = 'reading' AND device = 'dev' AND label "
                               "= 'level' AND certainty = 'sure';"
                               "CREATE TEMP TABLE must (x INTEGER NOT NULL);"
                               "INSERT INTO must SELECT x FROM one",
                               key));
  }
}

/// The child's part of the test below: 0 when all was as promised, else the line that was not.
int fill_the_disk(const std::filesystem::path& path) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto store = open_sqlite_store(path, {});
  if (!store) return 1;
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlim_t unlimited = limit.rlim_cur;
  limit.rlim_cur = 1U << 20U;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  Batch batch{200};
  Status done;
  std::uint64_t rounds = 0;
  for (; done && rounds < 1000; ++rounds) {
    fill(batch, static_cast<int>(rounds));
    done = (*store)->commit(batch, start);
  }
  if (done || done.error().code != Errc::io) return 2;
  if (done.error().message.find(path.string()) == std::string::npos) return 3;
  if (!batch.alarms.alerts.empty() || !batch[0].is_new) return 4;
  const auto before = (*store)->counts();
  if (!before || before->readings != (rounds - 1) * 200) return 5;
  if ((*store)->commit(batch, start).ok()) return 6;  // still full
  limit.rlim_cur = unlimited;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  if (!(*store)->commit(batch, start).ok()) return 7;
  const auto after = (*store)->counts();
  if (!after || after->readings != rounds * 200) return 8;
  // One run over everything: the failed commits grew it by nothing.
  const auto alert = (*store)->alert(1);
  if (!alert || !*alert || (*alert)->count != rounds * 200) return 9;
  return (*store)->devices()->front().readings == rounds * 200 ? 0 : 10;
}

TEST_F(SqliteStoreTest, AFullDiskLosesNothingAndTheBatchMayComeAgain) {
  EXPECT_EQ(in_child([this] { return fill_the_disk(path_); }), 0);
}

TEST_F(SqliteStoreTest, KilledInTheMiddleOfCommitsEveryAcknowledgedBatchIsThere) {
  constexpr int batch_size = 7;
  for (const int acks_wanted : {1, 5, 17}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = open_sqlite_store(path_, {});
      Batch batch{batch_size};
      for (int round = 0; store; ++round) {
        fill(batch, round);
        if (!(*store)->commit(batch, start)) break;
        if (::write(ends[1], "a", 1) != 1) break;
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    std::uint64_t acks = 0;
    char byte = 0;
    while (::read(ends[0], &byte, 1) == 1) {
      if (++acks == static_cast<std::uint64_t>(acks_wanted)) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    auto store = open_sqlite_store(path_, {});
    ASSERT_TRUE(store.ok()) << store.error().message;
    const std::uint64_t rows = (*store)->counts()->readings;
    EXPECT_GE(rows, acks * batch_size);
    EXPECT_EQ(rows % batch_size, 0U);
    Batch batch{batch_size};
    for (int round = 0; round < static_cast<int>(rows) / batch_size; ++round) {
      fill(batch, round);
      for (const Judged& judged : batch) {
        EXPECT_TRUE((*store)->verdict(judged.record.key)->has_value());
      }
    }
    EXPECT_EQ((*(*store)->alert(1))->count, rows);
  }
}

}  // namespace
}  // namespace vedette

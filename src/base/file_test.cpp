#include "base/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace vedette {
namespace {

class Files : public testing::Test {
 protected:
  Files()
      : folder_(std::filesystem::temp_directory_path() /
                ("vedette-file-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{folder_}, {}));
  }
  std::filesystem::path folder_;
};

TEST_F(Files, AreMappedWhole) {
  std::ofstream{folder_ / "a"} << "hello";
  const auto file = MappedFile::open(folder_ / "a");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->text(), "hello");
  std::ofstream{folder_ / "empty"};
  EXPECT_EQ(MappedFile::open(folder_ / "empty")->text(), "");
}

TEST_F(Files, SayWhatIsWrong) {
  const auto missing = MappedFile::open(folder_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().message.find("none: No such file"), std::string::npos);
  const auto directory = MappedFile::open(folder_);
  ASSERT_FALSE(directory);
  EXPECT_NE(directory.error().message.find("Is a directory"), std::string::npos);
}

TEST_F(Files, AreWrittenWholeOrNotAtAll) {
  {
    auto file = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(std::string_view{"half"}));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  }
  EXPECT_EQ(entries(), 0U);
  auto file = AtomicFile::create(folder_ / "out");
  ASSERT_TRUE(file);
  const std::string large(3U << 20U, 'x');
  ASSERT_TRUE(file->write(large));
  ASSERT_TRUE(file->write(std::string_view{"tail"}));
  EXPECT_EQ(file->size(), large.size() + 4);
  ASSERT_TRUE(file->write_at(0, std::as_bytes(std::span{"HEAD", 4})));
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(entries(), 1U);
  EXPECT_EQ(MappedFile::open(folder_ / "out")->text(), "HEAD" + large.substr(4) + "tail");
}

TEST_F(Files, PipesAreReadWhole) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "hello", 5), 5);
  ::close(ends[1]);
  const auto file = MappedFile::open("/dev/fd/" + std::to_string(ends[0]));
  ::close(ends[0]);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->text(), "hello");
  EXPECT_EQ(MappedFile::open("/dev/null")->text(), "");
  const auto endless = MappedFile::open("/dev/zero");
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, Errc::too_large);
}

TEST_F(Files, NothingIsLeftOfAProcessThatWasKilled) {
  const int nameless = ::open(folder_.c_str(), O_TMPFILE | O_WRONLY, 0600);
  if (nameless < 0) GTEST_SKIP() << "this file system knows no nameless files";
  ::close(nameless);
  const pid_t child = ::fork();
  if (child == 0) {
    auto file = AtomicFile::create(folder_ / "out");
    const bool written = file.ok() && file->write(std::string(3U << 20U, 'x')).ok();
    ::raise(written ? SIGKILL : SIGABRT);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Files, AFileThatCannotGrowIsAnErrorThatNamesIt) {
  std::ofstream{folder_ / "out"} << "old";
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{1U << 20U, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  {
    auto file = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(file);
    const Status written = file->write(std::string(2U << 20U, 'x'));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::io);
    EXPECT_NE(written.error().message.find("out: File too large"), std::string::npos);
  }
  EXPECT_EQ(entries(), 1U);
  EXPECT_EQ(MappedFile::open(folder_ / "out")->text(), "old");
}

}  // namespace
}  // namespace vedette

#include "base/file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST_F(Files, AFullDiskIsAnErrorThatNamesTheFile) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "/dev/full is not there";
  // The temporary file beside the target must be the full one.
  std::filesystem::create_symlink("/dev/full",
                                  folder_ / ("out." + std::to_string(getpid()) + ".tmp"));
  auto file = AtomicFile::create(folder_ / "out");
  ASSERT_TRUE(file);
  const Status written = file->write(std::string(2U << 20U, 'x'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
  EXPECT_NE(written.error().message.find("out: No space left on device"), std::string::npos);
}

}  // namespace
}  // namespace vedette

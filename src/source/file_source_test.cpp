#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "source/source.hpp"
#include "tests/support/process.hpp"

namespace vedette {
namespace {

struct Line {
  std::uint64_t number;
  std::string text;
  bool operator==(const Line&) const = default;
};

/// Puts a text behind standard input for as long as it lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& text) : saved_(::dup(STDIN_FILENO)) {
    const std::filesystem::path path = folder_.path() / "stdin";
    std::ofstream{path, std::ios::binary} << text;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ::dup2(fd, STDIN_FILENO);
    ::close(fd);
  }
  ~StandardInput() {
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
  }

 private:
  test::TemporaryDirectory folder_;
  int saved_;
};

Result<std::vector<Line>> lines_of(Source& source, std::size_t messages_max) {
  std::vector<Line> lines;
  for (;;) {
    std::size_t here = 0;
    const auto pulled =
        source.pull(messages_max, std::chrono::seconds{5}, [&](const RawMessage& message) {
          lines.push_back({message.line, std::string{message.payload}});
          ++here;
        });
    if (!pulled) return pulled.error();
    EXPECT_LE(here, messages_max);
    if (*pulled == Pulled::end) return lines;
  }
}

TEST(FileSource, SplitsLinesAlikeFromFileAndStandardInput) {
  struct Row {
    const char* what;
    std::string text;
    std::vector<Line> lines;
  };
  const std::string long_line(300'000, 'x');
  const Row rows[] = {
      {"one line", "a\n", {{1, "a"}}},
      {"the last line without its end", "a\nb", {{1, "a"}, {2, "b"}}},
      {"CRLF", "a\r\nb\r\n", {{1, "a"}, {2, "b"}}},
      {"CR at the end of the file", "a\r", {{1, "a"}}},
      {"a CR inside a line stays", "a\rb\n", {{1, "a\rb"}}},
      {"blank lines count", "\n\na\n\n", {{1, ""}, {2, ""}, {3, "a"}, {4, ""}}},
      {"NUL and high bytes are bytes", std::string{"\0\xff\n", 3}, {{1, std::string{"\0\xff", 2}}}},
      {"a long line", long_line + "\nb\n", {{1, long_line}, {2, "b"}}},
  };
  const ManualClock clock;
  test::TemporaryDirectory folder;
  const auto path = folder.path() / "lines.log";
  for (const Row& row : rows) {
    std::ofstream{path, std::ios::binary} << row.text;
    for (const std::size_t messages_max : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
      auto file = open_file_source(path, clock);
      ASSERT_TRUE(file) << row.what;
      EXPECT_EQ((*file)->bytes_total(), row.text.size());
      const auto from_file = lines_of(**file, messages_max);
      ASSERT_TRUE(from_file) << row.what;
      EXPECT_EQ(*from_file, row.lines) << row.what;
      EXPECT_EQ((*file)->bytes_done(), row.text.size()) << row.what;

      StandardInput input{row.text};
      auto stream = open_file_source("-", clock);
      ASSERT_TRUE(stream) << row.what;
      const auto from_stream = lines_of(**stream, messages_max);
      ASSERT_TRUE(from_stream) << row.what;
      EXPECT_EQ(*from_stream, row.lines) << row.what;
      EXPECT_EQ((*stream)->bytes_done(), row.text.size()) << row.what;
    }
  }
}

/// A mapped line is handed over whole; a stream cuts it at 1 MiB, wherever the buffer's end falls.
TEST(FileSource, BoundsTheLinesOfAStream) {
  constexpr std::size_t bound = std::size_t{1} << 20U;
  const ManualClock clock;
  test::TemporaryDirectory folder;
  const auto path = folder.path() / "lines.log";
  for (const std::size_t size : {bound - 1, bound, bound + 1, bound * 3, bound * 11}) {
    for (const char* end : {"\n", "\r\n"}) {
      const std::string text = "first\n" + std::string(size, 'x') + end + "last\n";
      std::ofstream{path, std::ios::binary} << text;
      auto file = open_file_source(path, clock);
      ASSERT_TRUE(file);
      const auto whole = lines_of(**file, 10);
      ASSERT_TRUE(whole);
      ASSERT_EQ(whole->size(), 3U);
      EXPECT_EQ((*whole)[1].text.size(), size);

      StandardInput input{text};
      auto stream = open_file_source("-", clock);
      ASSERT_TRUE(stream);
      const auto cut = lines_of(**stream, 10);
      ASSERT_TRUE(cut);
      ASSERT_EQ(cut->size(), 3U) << size;
      EXPECT_EQ((*cut)[1].text.size(), std::min(size, bound));
      EXPECT_EQ((*cut)[2], (Line{3, "last"})) << size;
    }
  }
}

TEST(FileSource, ReadsPipesAsTheyFill) {
  const ManualClock clock;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto source = open_file_source("/dev/fd/" + std::to_string(ends[0]), clock);
  ASSERT_TRUE(source) << source.error().message;
  ::close(ends[0]);
  std::vector<std::string> got;
  const auto pull = [&] {
    return (*source)->pull(10, std::chrono::milliseconds{0},
                           [&](const RawMessage& message) { got.emplace_back(message.payload); });
  };
  EXPECT_EQ(*pull(), Pulled::some) << "an empty pipe may fill";
  ASSERT_EQ(::write(ends[1], "a\nhal", 5), 5);
  EXPECT_EQ(*pull(), Pulled::some);
  EXPECT_EQ(got, (std::vector<std::string>{"a"}));
  ASSERT_EQ(::write(ends[1], "f\n", 2), 2);
  EXPECT_EQ(*pull(), Pulled::some);
  EXPECT_EQ(got, (std::vector<std::string>{"a", "half"}));
  ::close(ends[1]);
  EXPECT_EQ(*pull(), Pulled::end);
}

TEST(FileSource, SaysWhatItCannotRead) {
  const ManualClock clock;
  test::TemporaryDirectory folder;
  const auto empty = folder.path() / "empty.log";
  std::ofstream{empty}.flush();
  struct Row {
    std::filesystem::path path;
    Errc code;
    std::string message;
  };
  const auto absent = folder.path() / "absent.log";
  const Row rows[] = {
      {empty, Errc::malformed, empty.string() + ": is empty"},
      {absent, Errc::not_found, absent.string() + ": No such file or directory"},
      {folder.path(), Errc::io, folder.path().string() + ": Is a directory"},
  };
  for (const Row& row : rows) {
    const auto source = open_file_source(row.path, clock);
    ASSERT_FALSE(source) << row.path;
    EXPECT_EQ(source.error().code, row.code);
    EXPECT_EQ(source.error().message, row.message);
  }
  StandardInput input{""};
  auto stream = open_file_source("-", clock);
  ASSERT_TRUE(stream);
  const auto none = lines_of(**stream, 1);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "standard input: is empty");
}

}  // namespace
}  // namespace vedette

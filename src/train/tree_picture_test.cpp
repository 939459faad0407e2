#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/train.hpp"

namespace vedette {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Asks for the duration, then for a state; says nothing of rows.
class Asking final : public Model {
 public:
  std::string_view kind() const override { return "tree"; }
  std::size_t width() const override { return 2; }
  std::size_t class_count() const override { return 2; }
  void score(Rows, std::span<float>) const override {}
  void explain(std::span<const float>, std::uint16_t, std::span<float>) const override {}
  std::string describe() const override { return ""; }
  void save(ByteWriter&) const override {}
  std::vector<TreeQuestion> questions() const override {
    return {{0, 1.5F, false, 1, 2, 1200, {0.75F, 0.25F}},
            {0, 0, false, 0, 0, 700, {1, 0}},
            {1, 0.5F, false, 3, 4, 500, {0.4F, 0.6F}},
            {0, 0, false, 0, 0, 200, {0.9F, 0.1F}},
            {0, 0, false, 0, 0, 300, {0.125F, 0.875F}}};
  }
};

ModelFile file_of(std::shared_ptr<const Model> model) {
  ModelFile file;
  file.id = "tree-00000000";
  file.classes = {"Benign", "C&C"};
  file.schema.columns = {{"duration", ColumnKind::numeric},
                         {"conn_state=S0", ColumnKind::categorical}};
  file.model = std::move(model);
  return file;
}

TEST(TreePicture, TextAsksFromTheRoot) {
  const auto text = tree_text(file_of(std::make_shared<Asking>()), 9);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text,
            "duration ≤ 1.5?  (1,200 rows)\n"
            "  yes: Benign 100.0 %  (700 rows)\n"
            "  no:  not conn_state=S0?  (500 rows)\n"
            "    yes: Benign 90.0 %  (200 rows)\n"
            "    no:  C&C 87.5 %  (300 rows)\n");
}

TEST(TreePicture, StopsAtTheDepthAndSaysSo) {
  const auto text = tree_text(file_of(std::make_shared<Asking>()), 1);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("no:  C&C 60.0 %  (500 rows, more below)\n"));
  EXPECT_THAT(*text, Not(HasSubstr("S0")));
}

TEST(TreePicture, DrawsEveryNodeOnce) {
  const auto svg = tree_svg(file_of(std::make_shared<Asking>()), 9);
  ASSERT_TRUE(svg) << svg.error().message;
  const auto count = [&](std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = svg->find(what); at != std::string::npos; at = svg->find(what, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("class=\"box\""), 5U);
  EXPECT_EQ(count("class=\"edge\""), 4U);
  EXPECT_EQ(count("class=\"answer\""), 3U);
  EXPECT_EQ(count("C&amp;C"), 3U) << "title and text of its leaf, and the legend";
  EXPECT_EQ(svg->find("<svg"), 0U);
  EXPECT_THAT(*svg, HasSubstr("</svg>\n"));
}

class Silent final : public Model {
 public:
  std::string_view kind() const override { return "bayes"; }
  std::size_t width() const override { return 2; }
  std::size_t class_count() const override { return 2; }
  void score(Rows, std::span<float>) const override {}
  void explain(std::span<const float>, std::uint16_t, std::span<float>) const override {}
  std::string describe() const override { return ""; }
  void save(ByteWriter&) const override {}
};

TEST(TreePicture, OnlyTreesHaveOne) {
  const ModelFile file = file_of(std::make_shared<Silent>());
  EXPECT_EQ(tree_text(file, 3).error().code, Errc::unsupported);
  EXPECT_THAT(tree_svg(file, 3).error().message, HasSubstr("only a tree"));
}

}  // namespace
}  // namespace vedette

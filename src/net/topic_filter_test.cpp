#include "net/topic_filter.hpp"

#include <gtest/gtest.h>
#include <mosquitto.h>

#include <string>
#include <vector>

namespace vedette {
namespace {

TEST(FiltersOverlap, TableOfFacts) {
  struct Fact {
    const char* a;
    const char* b;
    bool overlap;
  };
  for (const Fact& fact : {
           Fact{"iot/#", "vedette/truth/#", false},
           Fact{"#", "vedette/truth/#", true},
           Fact{"+/truth/#", "vedette/truth/#", true},
           Fact{"vedette/+/x", "vedette/truth/#", true},
           Fact{"vedette/truth", "vedette/truth/#", true},
           Fact{"vedette", "vedette/truth/#", false},
           Fact{"vedette/#", "vedette/truth/a", true},
           Fact{"vedette/truth/a", "vedette/truth/b", false},
           Fact{"vedette/truth/+", "vedette/truth/+", true},
           Fact{"+", "vedette/truth", false},
           Fact{"+/+/+", "vedette/truth", false},
           Fact{"a/+/c", "a/b/#", true},
           Fact{"a/", "a/+", true},
           Fact{"a", "a/", false},
           Fact{"/a", "+/a", true},
           Fact{"#", "$SYS/broker", false},
           Fact{"+/broker", "$SYS/broker", false},
           Fact{"$SYS/#", "$SYS/broker", true},
           Fact{"$share/g/a/#", "a/b", true},
           Fact{"$share/g/a/#", "g/a", false},
       }) {
    EXPECT_EQ(filters_overlap(fact.a, fact.b), fact.overlap) << fact.a << " " << fact.b;
    EXPECT_EQ(filters_overlap(fact.b, fact.a), fact.overlap) << fact.b << " " << fact.a;
  }
}

/// Everything of one to `levels` levels made of the given words.
std::vector<std::string> all_of(const std::vector<std::string>& words, int levels) {
  std::vector<std::string> all = words;
  std::vector<std::string> longest = words;
  for (int level = 2; level <= levels; ++level) {
    std::vector<std::string> longer;
    for (const std::string& head : longest) {
      for (const std::string& word : words) longer.push_back(head + "/" + word);
    }
    all.insert(all.end(), longer.begin(), longer.end());
    longest = std::move(longer);
  }
  return all;
}

TEST(FiltersOverlap, AgreesWithTheBrokersOwnMatching) {
  std::vector<std::string> filters;
  for (const std::string& filter : all_of({"a", "b", "+", "#"}, 3)) {
    if (mosquitto_sub_topic_check(filter.c_str()) == MOSQ_ERR_SUCCESS) filters.push_back(filter);
  }
  filters.insert(filters.end(), {"$a/#", "$a/b", "$a/+", "$a"});
  std::vector<std::string> topics = all_of({"a", "b", "c"}, 4);
  topics.insert(topics.end(), {"$a", "$a/a", "$a/b", "$a/b/c"});
  const auto matches = [](const std::string& filter, const std::string& topic) {
    bool matched = false;
    EXPECT_EQ(mosquitto_topic_matches_sub(filter.c_str(), topic.c_str(), &matched), 0);
    return matched;
  };
  std::vector<std::vector<bool>> taken;
  for (const std::string& filter : filters) {
    taken.emplace_back();
    for (const std::string& topic : topics) taken.back().push_back(matches(filter, topic));
  }
  ASSERT_GT(filters.size(), 50U);
  for (std::size_t a = 0; a < filters.size(); ++a) {
    for (std::size_t b = 0; b < filters.size(); ++b) {
      bool shared = false;
      for (std::size_t i = 0; i < topics.size(); ++i)
        shared = shared || (taken[a][i] && taken[b][i]);
      EXPECT_EQ(filters_overlap(filters[a], filters[b]), shared) << filters[a] << " " << filters[b];
    }
  }
}

}  // namespace
}  // namespace vedette

#include "sink/scoreboard.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "base/random.hpp"
#include "sink/sink.hpp"
#include "tests/support/recount.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;
using test::Pair;

Time at(Duration since) {
  return time_from_micros(1'700'000'000'000'000) + since;
}

/// The record numbered `hash`, `when` after the beginning of the test.
TruthNote benign(std::uint64_t hash, Duration when = 0s) {
  TruthNote note;
  note.key = {micros(at(when)), hash};
  note.device = "plug-01";
  note.label = "Benign";
  return note;
}
TruthNote attack(std::uint64_t hash, Duration when, std::uint32_t episode = 1,
                 const char* cause = "udp_flood", const char* label = "DDoS") {
  TruthNote note = benign(hash, when);
  note.label = label;
  note.episode = episode;
  note.cause = cause;
  note.begins = at(10s);
  return note;
}

/// The verdict half goes the way of the line: through the sink.
class Board {
 public:
  explicit Board(ScoreboardLimits limits = {}) : board(at(0s), limits) {}
  void judge(const TruthNote& note, const char* model, const char* label, bool flagged,
             bool is_new = true) {
    Batch batch{1};
    if (note.message != 0) {
      batch.quarantined.push_back({at(0s), "", "", "", "", 0, note.message});
    } else {
      Judged& judged = batch.add();
      judged.record.key = note.key;
      judged.verdict.model = model;
      judged.verdict.label = label;
      judged.verdict.anomalous = flagged;
      judged.is_new = is_new;
    }
    ASSERT_TRUE(make_scoreboard_sink(board)->accept(batch, at(0s)).ok());
  }
  void both(const TruthNote& note, const char* model, const char* label, bool flagged) {
    board.note(note);
    judge(note, model, label, flagged);
  }
  ScoreboardSnapshot look() const { return board.snapshot(10'000); }
  Scoreboard board;
};

TEST(Scoreboard, StandsBehindTheStoreAndIsNotWaitedFor) {
  Scoreboard board{at(0s)};
  EXPECT_FALSE(make_scoreboard_sink(board)->durable());
}

TEST(Scoreboard, CountsByTruthAndVerdictWhicheverComesFirst) {
  struct Fact {
    const char* truth;
    bool flagged;
    std::uint64_t DetectorScore::*counter;
  };
  for (const Fact& fact : {Fact{"DDoS", true, &DetectorScore::true_positives},
                           Fact{"Benign", true, &DetectorScore::false_positives},
                           Fact{"Benign", false, &DetectorScore::true_negatives},
                           Fact{"stuck", false, &DetectorScore::false_negatives}}) {
    for (const bool truth_first : {true, false}) {
      Board board;
      TruthNote note = benign(7);
      note.label = fact.truth;
      if (truth_first) board.board.note(note);
      board.judge(note, "tree-1", "DDoS", fact.flagged);
      EXPECT_EQ(board.look().joined, truth_first ? 1U : 0U);
      EXPECT_EQ(board.look().waiting_truth, truth_first ? 0U : 1U);
      if (!truth_first) board.board.note(note);
      const ScoreboardSnapshot look = board.look();
      EXPECT_EQ(look.joined, 1U);
      EXPECT_EQ(look.waiting_truth + look.waiting_verdict, 0U);
      ASSERT_EQ(look.detectors.size(), 1U);
      DetectorScore expected{"tree-1"};
      expected.*fact.counter = 1;
      const DetectorScore& got = look.detectors[0];
      EXPECT_EQ(got.model, "tree-1");
      EXPECT_EQ(std::tuple(got.true_positives, got.false_positives, got.true_negatives,
                           got.false_negatives),
                std::tuple(expected.true_positives, expected.false_positives,
                           expected.true_negatives, expected.false_negatives));
    }
  }
}

TEST(Scoreboard, AnEpisodeIsFoundByTheFirstFlaggedOfItsRecords) {
  Board board;
  board.both(attack(1, 11s), "tree-1", "Benign", false);
  board.both(attack(2, 15s), "tree-1", "DDoS", true);
  board.both(attack(3, 13s), "tree-1", "C&C", true);  // later said, earlier in event time
  board.both(attack(4, 12s), "series", "Benign", false);
  board.both(attack(5, 12s, 2), "series", "Benign", false);  // another episode, never found
  board.both(benign(6, 14s), "tree-1", "DDoS", true);        // spoils the precision of the label
  const ScoreboardSnapshot look = board.look();
  ASSERT_EQ(look.causes.size(), 2U);
  const CauseScore& series = look.causes[0];
  EXPECT_EQ(series.detector, "series");
  EXPECT_EQ(series.episodes, 2U);
  EXPECT_EQ(series.episodes_detected, 0U);
  EXPECT_FALSE(series.time_to_detect);
  const CauseScore& tree = look.causes[1];
  EXPECT_EQ(tree.cause, "udp_flood");
  EXPECT_EQ(tree.label, "DDoS");
  EXPECT_FALSE(tree.fault);
  EXPECT_EQ(tree.records, 3U);
  EXPECT_EQ(tree.flagged, 2U);
  EXPECT_EQ(tree.named, 1U);
  EXPECT_EQ(tree.claimed, 2U);
  EXPECT_EQ(tree.claimed_rightly, 1U);
  EXPECT_EQ(tree.episodes, 1U);
  EXPECT_EQ(tree.episodes_detected, 1U);
  ASSERT_TRUE(tree.time_to_detect);
  EXPECT_EQ(tree.time_to_detect->median_seconds, 3);
  ASSERT_EQ(look.episodes.size(), 2U);
  EXPECT_EQ(look.episodes[0].number, 2U) << "newest first";
  EXPECT_FALSE(look.episodes[0].time_to_detect);
  const EpisodeScore& first = look.episodes[1];
  EXPECT_EQ(first.records, 4U);
  EXPECT_EQ(first.flagged, 2U);
  EXPECT_EQ(first.first_record, at(11s));
  EXPECT_EQ(first.last_record, at(15s));
  EXPECT_EQ(first.time_to_detect, 3s);
}

TEST(Scoreboard, TheMedianOfAnEvenNumberIsTheMiddle) {
  Board board;
  std::uint64_t hash = 0;
  for (const Duration when : {12s, 14s, 20s, 40s}) {
    ++hash;
    board.both(attack(hash, when, static_cast<std::uint32_t>(hash)), "t", "DDoS", true);
  }
  const ScoreboardSnapshot look = board.look();
  ASSERT_TRUE(look.causes.at(0).time_to_detect);
  EXPECT_EQ(look.causes[0].time_to_detect->median_seconds, 7);
  EXPECT_EQ(look.causes[0].time_to_detect->max_seconds, 30);
}

TEST(Scoreboard, AChainHasOneRowWithAllItsLabels) {
  Board board;
  board.both(attack(1, 11s, 1, "mirai", "DDoS"), "t", "DDoS", true);
  board.both(attack(2, 12s, 1, "mirai", "Attack"), "t", "Attack", true);
  board.both(attack(3, 13s, 1, "mirai", "Attack"), "t", "DDoS", true);
  const ScoreboardSnapshot look = board.look();
  ASSERT_EQ(look.causes.size(), 1U);
  EXPECT_EQ(look.causes[0].label, "Attack, DDoS");
  EXPECT_EQ(look.causes[0].named, 2U);
  EXPECT_EQ(look.causes[0].claimed, 3U);
  EXPECT_EQ(look.causes[0].claimed_rightly, 2U);
  EXPECT_EQ(look.episodes.at(0).label, "Attack, DDoS");
}

TEST(Scoreboard, KnowsFaultsAndLabelsWithoutAnEpisode) {
  Board board;
  board.both(attack(1, 11s, 1, "stuck", "stuck"), "series", "level", true);
  TruthNote replayed = benign(2);
  replayed.label = "C&C";
  board.both(replayed, "tree", "C&C", true);
  const ScoreboardSnapshot look = board.look();
  ASSERT_EQ(look.causes.size(), 2U);
  EXPECT_EQ(look.causes[0].cause, "C&C");
  EXPECT_FALSE(look.causes[0].fault);
  EXPECT_EQ(look.causes[0].episodes, 0U);
  EXPECT_TRUE(look.causes[1].fault);
  EXPECT_EQ(look.episodes.size(), 1U);
}

TEST(Scoreboard, RefusedMessagesMeetTheirTruthInTheOrderTheyCame) {
  Board board;
  TruthNote first = attack(0, 0s, 1, "mqtt_malformed", "Attack");
  first.key = {};
  first.message = message_hash("iot/cam/flow", "{");
  first.time = at(12s);
  TruthNote second = first;  // the same message again
  second.time = at(13s);
  second.episode = 2;
  board.judge(first, "", "", true);
  board.judge(second, "", "", true);
  EXPECT_EQ(board.look().waiting_truth, 2U);
  board.board.note(first);
  board.board.note(second);
  TruthNote untimed = first;
  untimed.time = {};
  untimed.episode = 3;
  board.both(untimed, "", "", true);
  const ScoreboardSnapshot look = board.look();
  EXPECT_EQ(look.waiting_truth + look.waiting_verdict, 0U);
  ASSERT_EQ(look.detectors.size(), 1U);
  EXPECT_EQ(look.detectors[0].model, "quarantine");
  EXPECT_EQ(look.detectors[0].true_positives, 3U);
  ASSERT_EQ(look.episodes.size(), 3U);
  EXPECT_EQ(look.episodes[0].flagged, 1U);
  EXPECT_FALSE(look.episodes[0].time_to_detect) << "nobody said when it was sent";
  EXPECT_EQ(look.episodes[1].time_to_detect, 3s);
  EXPECT_EQ(look.episodes[2].time_to_detect, 2s);
}

TEST(Scoreboard, WhatTheStoreKnewIsPassedOverAndNoModelIsNone) {
  Board board;
  board.board.note(benign(1));
  board.judge(benign(1), "tree", "Benign", false, /*is_new=*/false);
  EXPECT_EQ(board.look().joined, 0U);
  board.judge(benign(1), "", "", false);
  ASSERT_EQ(board.look().detectors.size(), 1U);
  EXPECT_EQ(board.look().detectors[0].model, "none");
}

TEST(Scoreboard, TheOldestWaitingIsDroppedOnEitherSide) {
  Board board{{.waiting_max = 3, .episodes_max = 10}};
  for (std::uint64_t hash = 1; hash <= 5; ++hash) board.board.note(benign(hash));
  for (std::uint64_t hash = 11; hash <= 15; ++hash) board.judge(benign(hash), "t", "", false);
  EXPECT_EQ(board.look().waiting_verdict, 3U);
  EXPECT_EQ(board.look().waiting_truth, 3U);
  EXPECT_EQ(board.look().dropped, 4U);
  for (const std::uint64_t gone : {1U, 2U}) board.judge(benign(gone), "t", "", false);
  EXPECT_EQ(board.look().joined, 0U);
  EXPECT_EQ(board.look().dropped, 6U) << "11 and 12 were gone, 13 and 14 went now";
  for (const std::uint64_t kept : {3U, 4U, 5U}) board.judge(benign(kept), "t", "", false);
  board.board.note(benign(15));
  EXPECT_EQ(board.look().joined, 4U);
}

TEST(Scoreboard, EqualMessagesAreDroppedAndMetInOrder) {
  Board board{{.waiting_max = 3, .episodes_max = 10}};
  TruthNote note = attack(0, 0s);
  note.key = {};
  note.message = 99;
  for (std::uint32_t number = 1; number <= 5; ++number) {
    note.episode = number;
    board.board.note(note);
  }
  for (int i = 0; i < 3; ++i) board.judge(note, "", "", true);
  const ScoreboardSnapshot look = board.look();
  EXPECT_EQ(look.dropped, 2U);
  ASSERT_EQ(look.episodes.size(), 3U);
  EXPECT_EQ(look.episodes[2].number, 3U);
  EXPECT_EQ(look.waiting_verdict, 0U);
}

TEST(Scoreboard, DroppedEpisodesStayInTheTotals) {
  Board board{{.waiting_max = 10, .episodes_max = 2}};
  board.both(attack(1, 60s, 1), "t", "DDoS", true);
  board.both(attack(2, 61s, 2), "t", "DDoS", false);
  board.both(attack(3, 62s, 1), "t", "DDoS", false);
  board.both(attack(4, 70s, 3), "t", "DDoS", true);  // 2 was heard of longest ago
  board.both(attack(5, 71s, 4), "t", "DDoS", true);  // then 1
  const ScoreboardSnapshot look = board.look();
  ASSERT_EQ(look.episodes.size(), 2U);
  EXPECT_EQ(look.episodes[0].number, 4U);
  EXPECT_EQ(look.episodes[1].number, 3U);
  ASSERT_EQ(look.causes.size(), 1U);
  EXPECT_EQ(look.causes[0].episodes, 4U);
  EXPECT_EQ(look.causes[0].episodes_detected, 3U);
  EXPECT_EQ(look.causes[0].time_to_detect->max_seconds, 61);
  EXPECT_EQ(look.causes[0].time_to_detect->median_seconds, 60.5);
  EXPECT_EQ(board.board.snapshot(1).episodes.size(), 1U);
}

TEST(Scoreboard, NamesFromOutsideAreBounded) {
  Board board;
  for (std::uint64_t i = 1; i <= 400; ++i) {
    const std::string name = std::to_string(i);
    board.both(attack(i, 11s, static_cast<std::uint32_t>(i), name.c_str(), name.c_str()),
               name.c_str(), name.c_str(), true);
  }
  const ScoreboardSnapshot look = board.look();
  EXPECT_EQ(look.joined, 400U);
  EXPECT_LE(look.detectors.size(), 65U);
  EXPECT_EQ(std::count_if(look.detectors.begin(), look.detectors.end(),
                          [](const auto& one) { return one.model == "other"; }),
            1);
  std::uint64_t records = 0;
  for (const CauseScore& one : look.causes) records += one.records;
  EXPECT_EQ(records, 400U);
  EXPECT_LE(look.causes.size(), 257U * 65U);
  EXPECT_LE(look.causes.back().label.size(), 16U * 5U);
}

TEST(Scoreboard, ResetCountsFromZeroAndKeepsWhatWaits) {
  Board board;
  board.both(attack(1, 11s), "t", "DDoS", true);
  board.board.note(benign(2));
  board.board.count_bad_line();
  EXPECT_EQ(board.look().bad_lines, 1U);
  board.board.reset(at(99s));
  ScoreboardSnapshot look = board.look();
  EXPECT_EQ(look.since, at(99s));
  EXPECT_EQ(look.joined + look.bad_lines + look.dropped, 0U);
  EXPECT_TRUE(look.detectors.empty() && look.causes.empty() && look.episodes.empty());
  EXPECT_EQ(look.waiting_verdict, 1U);
  board.judge(benign(2), "t", "Benign", false);
  EXPECT_EQ(board.look().joined, 1U);
}

/// Pairs of a small world, so that every counter meets every other.
test::Pairs random_pairs(Random& random, std::size_t number) {
  const char* const causes[] = {"udp_flood", "mirai", "stuck", ""};
  const char* const labels[] = {"DDoS", "Attack", "stuck"};
  const char* const models[] = {"tree-1", "series", "none"};
  test::Pairs pairs;
  for (std::size_t i = 0; i < number; ++i) {
    Pair pair;
    pair.truth = benign(i + 1, Duration{static_cast<std::int64_t>(random.below(90'000'000))});
    if (random.below(2) == 0) {
      pair.truth.cause = causes[random.below(4)];
      pair.truth.label = labels[random.below(3)];
      if (!pair.truth.cause.empty())
        pair.truth.episode = 1 + static_cast<std::uint32_t>(random.below(5));
      pair.truth.device = "camera-0" + std::to_string(random.below(2));
      pair.truth.begins = at(Duration{static_cast<std::int64_t>(random.below(3)) * -1'000'000});
    }
    pair.model = models[random.below(3)];
    pair.flagged = random.below(2) == 0;
    pair.label = pair.flagged ? labels[random.below(3)] : "Benign";
    if (random.below(10) == 0) {
      pair.truth.message = i + 1;
      pair.truth.time =
          random.below(2) == 0 ? time_from_micros(pair.truth.key.time_micros) : Time{};
      pair.truth.key = {};
      pair.model = "quarantine";
      pair.label = "";
      pair.flagged = true;
    }
    pairs.push_back(pair);
  }
  return pairs;
}

TEST(Scoreboard, AnyOrderCountsAsTheRecount) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random{seed};
  for (int round = 0; round < 20; ++round) {
    const test::Pairs pairs = random_pairs(random, 600);
    std::vector<std::size_t> halves;  // even: the truth of pair i / 2, odd: its verdict
    for (std::size_t i = 0; i < 2 * pairs.size(); ++i) halves.push_back(i);
    for (std::size_t i = halves.size() - 1; i > 0; --i) {
      std::swap(halves[i], halves[random.below(i + 1)]);
    }
    Board board;
    for (const std::size_t half : halves) {
      const Pair& pair = pairs[half / 2];
      if (half % 2 == 0)
        board.board.note(pair.truth);
      else
        board.judge(pair.truth, pair.model == "none" ? "" : pair.model.c_str(), pair.label.c_str(),
                    pair.flagged);
    }
    ASSERT_EQ(test::difference(board.look(), test::recount(pairs)), "");
  }
}

TEST(Scoreboard, TwoThreadsMeet) {
  Random random{5};
  const test::Pairs pairs = random_pairs(random, 5'000);
  Board board;
  std::jthread truth{[&] {
    for (const Pair& pair : pairs) board.board.note(pair.truth);
  }};
  std::jthread looker{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const ScoreboardSnapshot look = board.look();
      EXPECT_LE(look.joined, pairs.size());
    }
  }};
  for (const Pair& pair : pairs) {
    board.judge(pair.truth, pair.model == "none" ? "" : pair.model.c_str(), pair.label.c_str(),
                pair.flagged);
  }
  truth.join();
  looker.request_stop();
  looker.join();
  EXPECT_EQ(test::difference(board.look(), test::recount(pairs)), "");
}

}  // namespace
}  // namespace vedette

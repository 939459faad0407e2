/// Drift: whether what arrives is still what the model was made for. Two looks at records that were
/// judged normal (an attack is no drift), each O(1) a record and bounded:
///   - the scores: ADWIN2 (Bifet, Gavaldà: Learning from Time-Changing Data with Adaptive
///     Windowing, SDM 2007) over means of 32 scores each, which take most of the dependence between
///     neighbours away;
///   - the columns: a population stability index of one of eight records against the training
///     ranges. A range holds the middle 98 % of training, so at most 1 % were expected on either
///     side: with b below and a above, the index is Σ (x − 0.01) ln(x / 0.01) over x = max(b, 0.01)
///     and max(a, 0.01). Over 0.25 (by convention a major shift) a column has drifted: about 11 %
///     on one side. What moves within the range only the scores can show.
/// Nothing here trains anything.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/pipeline.hpp"

namespace vedette {

/// A window of numbers that shrinks when its older part no longer has the mean of its newer.
class Adwin {
 public:
  struct Cut {
    double before = 0, after = 0;  ///< the means of what was dropped and of what stays
  };
  /// Bounds the chance of a wrong cut at one look by `delta`, for independent numbers.
  explicit Adwin(double delta = 0.002) : delta_(delta) {}

  /// REQUIRES: a number in [0, 1]. @return the cut it led to.
  std::optional<Cut> add(double value);
  std::uint64_t size() const { return static_cast<std::uint64_t>(all_.count); }
  double mean() const { return all_.count > 0 ? all_.sum / all_.count : 0; }

 private:
  /// An exponential histogram: level i holds up to five buckets of 2^i numbers, the oldest first.
  static constexpr std::size_t per_level = 5;
  static constexpr std::size_t levels_max = 40;
  static constexpr std::uint32_t look_every = 8;
  static constexpr double part_min = 8;
  struct Bucket {
    double count = 0, sum = 0, squares = 0;
    void add(const Bucket& other);
    void take(const Bucket& other);
  };
  struct Level {
    std::array<Bucket, per_level + 1> buckets{};
    std::size_t used = 0;
  };
  void compress();
  std::optional<Cut> look();
  bool differ(const Bucket& before, const Bucket& after) const;
  void drop_oldest();

  double delta_;
  std::array<Level, levels_max> levels_{};
  std::size_t used_ = 1;  // levels
  std::uint32_t since_look_ = 0;
  Bucket all_;
};

/// Watches the records of one detector. Belongs to the line's thread.
class DriftWatch {
 public:
  static constexpr std::uint32_t scores_per_mean = 32;
  static constexpr std::uint32_t sample_every = 8;
  static constexpr std::uint32_t sample_size = 2048;  ///< sampled rows that an index is made of
  static constexpr double index_max = 0.25;
  /// Smaller moves of the mean score are real, perhaps, but move nobody's verdict.
  static constexpr double move_min = 0.02;
  /// After a notice the mean may settle over so many means before another is due.
  static constexpr std::uint32_t quiet_means = 256;

  /// Begins anew when it is another detector than before.
  void watch(const Detector& detector, const Verdict& verdict, std::span<const float> row,
             Time time);
  DriftLook look() const;

 private:
  void begin(const Detector& detector);
  void watch_score(float score, Time time);
  void watch_row(std::span<const float> row, Time time);
  void close_sample(Time time);
  void say(Time time, std::string sentence);

  std::shared_ptr<const Model> model_;  // held, so that another never has its address
  std::vector<std::string> names_;
  std::vector<UsualRange> usual_;
  Adwin scores_;
  std::optional<double> reference_;  // the mean that moves are measured from
  std::uint32_t quiet_ = 0;
  double sum_ = 0;
  std::uint32_t summed_ = 0;
  std::uint32_t until_sample_ = 0;
  std::vector<std::uint32_t> below_, above_;
  std::uint32_t sampled_ = 0;
  DriftLook look_;
};

}  // namespace vedette

#include "pipeline/smallest_change.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/column_families.hpp"

namespace vedette {

namespace {

/// Columns that are set together.
struct Move {
  std::size_t unit = 0;
  std::vector<std::pair<std::uint32_t, float>> values;
  Change change;
  std::uint32_t told = 0;  ///< the column that the change names the values of
  float distance = 0;
};

enum class ChangeOf : std::uint8_t { columns, families, aspects };

/// "source_" of "source_failed": what a family is about, with the sign that ends it.
std::string_view aspect_of(std::string_view family) {
  return family.substr(0, family.find_first_of("_.") + 1);
}

class ChangeSearch {
 public:
  ChangeSearch(const Detector& detector, std::span<const float> row, float threshold,
               ExplainScratch& scratch)
      : detector_(detector), row_(row), threshold_(threshold), scratch_(scratch) {}

  bool run(ChangeOf of, Explanation& why) {
    moves_.clear();
    scratch_.changed.clear();
    if (of == ChangeOf::columns) add_columns();
    if (of == ChangeOf::families) add_families();
    if (of == ChangeOf::aspects) add_aspects();
    current_.assign(row_.begin(), row_.end());
    float last = score_of(current_);
    for (std::size_t step = 0; step < Explanation::changes_max && !moves_.empty(); ++step) {
      const std::size_t best = best_move();
      if (!(scores_[best] < last)) break;
      last = scores_[best];
      for (const auto& [column, value] : moves_[best].values) current_[column] = value;
      why.changes.push_back(moves_[best].change);
      scratch_.changed.push_back(moves_[best].told);
      std::erase_if(moves_, [unit = moves_[best].unit](const Move& m) { return m.unit == unit; });
      if (last < threshold_) break;
    }
    why.changed_score = score_of(current_);
    if (why.changed_score < threshold_) return true;
    why.changes.clear();
    why.changed_score = 0;
    return false;
  }

 private:
  const std::string& name_of_column(std::uint32_t column) const {
    return detector_.features().schema().columns[column].name;
  }
  float score_of(std::span<const float> row) {
    score_rows({row.data(), 1, row.size()});
    return scores_[0];
  }

  void score_rows(Rows rows) {
    const std::size_t classes = detector_.model().class_count();
    scratch_.probabilities.resize(std::max(scratch_.probabilities.size(), rows.count * classes));
    const std::span<float> all{scratch_.probabilities.data(), rows.count * classes};
    detector_.model().score(rows, all);
    scores_.resize(rows.count);
    for (std::size_t i = 0; i < rows.count; ++i) {
      scores_[i] = to_score(all.subspan(i * classes, classes)).value;
    }
  }

  /// Leaves the score after each move in scores_.
  std::size_t best_move() {
    const std::size_t width = row_.size();
    scratch_.rows.resize(std::max(scratch_.rows.size(), moves_.size() * width));
    for (std::size_t m = 0; m < moves_.size(); ++m) {
      float* row = scratch_.rows.data() + m * width;
      std::copy(current_.begin(), current_.end(), row);
      for (const auto& [column, value] : moves_[m].values) row[column] = value;
    }
    score_rows({scratch_.rows.data(), moves_.size(), width});
    std::size_t best = 0;
    for (std::size_t m = 1; m < moves_.size(); ++m) {
      const bool below = scores_[m] < threshold_;
      const bool best_below = scores_[best] < threshold_;
      const bool nearer = moves_[m].distance < moves_[best].distance;
      const bool better =
          below != best_below ? below
          : below             ? nearer
                  : scores_[m] < scores_[best] || (scores_[m] == scores_[best] && nearer);
      if (better) best = m;
    }
    return best;
  }

  float distance_of(std::uint32_t column, float to) const {
    const UsualRange& usual = scratch_.usual[column];
    const float wide = usual.high - usual.low;
    // A column that never varies has no unit: its own size is one.
    const float unit = wide > 0 ? wide : std::max(1.0F, std::abs(usual.low));
    return std::abs(row_[column] - to) / unit;
  }
  void add_move(Move move) {
    for (const auto& [column, to] : move.values) {
      move.distance = std::max(move.distance, distance_of(column, to));
    }
    if (move.distance > 0) moves_.push_back(std::move(move));
  }

  void add_column(std::size_t unit, std::uint32_t column) {
    const UsualRange& usual = scratch_.usual[column];
    const bool flag = detector_.features().schema().columns[column].kind == ColumnKind::categorical;
    for (const float to : {usual.low, usual.high, (usual.low + usual.high) / 2}) {
      if (flag && to != usual.low && to != usual.high) continue;
      if (to == usual.low && usual.low == usual.high && !moves_.empty() &&
          moves_.back().unit == unit) {
        continue;
      }
      add_move({unit, {{column, to}}, {name_of_column(column), row_[column], to}, column});
    }
  }
  /// One of the other choices that are usual; the present one goes.
  void add_choices(std::size_t unit, const ColumnFamily& family) {
    for (const std::uint32_t column : family.columns) {
      if (row_[column] > 0.5F || scratch_.usual[column].high < 0.5F) continue;
      Move move{unit, {}, {name_of_column(column), 0, 1}, column};
      for (const std::uint32_t other : family.columns) {
        if (row_[other] > 0.5F) move.values.emplace_back(other, 0.0F);
      }
      move.values.emplace_back(column, 1.0F);
      add_move(std::move(move));
    }
  }
  void add_horizons(std::size_t unit, const ColumnFamily& family, std::uint32_t heaviest) {
    const auto add = [&](auto value_of) {
      Move move{unit, {}, {family.name + "_*", row_[heaviest], 0}, heaviest};
      for (const std::uint32_t column : family.columns) {
        move.values.emplace_back(column, value_of(column, scratch_.usual[column]));
        if (column == heaviest) move.change.to = move.values.back().second;
      }
      add_move(std::move(move));
    };
    add([&](std::uint32_t c, const UsualRange& u) { return std::clamp(row_[c], u.low, u.high); });
    add([](std::uint32_t, const UsualRange& u) { return (u.low + u.high) / 2; });
    add([](std::uint32_t, const UsualRange& u) { return u.low; });
    add([](std::uint32_t, const UsualRange& u) { return u.high; });
  }

  /// What families about one thing have in common: "source_*" is all that the source did lately.
  struct Aspect {
    std::string_view name;
    float weight = 0;
    std::uint32_t heaviest = 0;  ///< family
    std::vector<std::uint32_t> families;
  };
  std::vector<Aspect> aspects() const {
    std::vector<Aspect> out;
    for (const std::uint32_t f : scratch_.order) {  // the heaviest first
      const std::string_view name = aspect_of(detector_.families().families[f].name);
      if (name.empty()) continue;
      auto found =
          std::find_if(out.begin(), out.end(), [&](const Aspect& a) { return a.name == name; });
      if (found == out.end()) found = out.insert(out.end(), {name, 0, f, {}});
      found->weight += scratch_.weights[f];
      found->families.push_back(f);
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Aspect& a, const Aspect& b) { return a.weight > b.weight; });
    return out;
  }
  /// Every column within its usual range, or in its middle; of a category the choice that is usual
  /// when the present one is not.
  void add_aspect(std::size_t unit, const Aspect& aspect, bool middle) {
    const std::uint32_t heaviest = scratch_.heaviest[aspect.heaviest];
    Move move{unit, {}, {std::string(aspect.name) + "*", row_[heaviest], row_[heaviest]}, heaviest};
    for (const std::uint32_t f : aspect.families) {
      const ColumnFamily& family = detector_.families().families[f];
      if (family.kind == ColumnFamily::Kind::choice) {
        add_usual_choice(family, move);
        continue;
      }
      for (const std::uint32_t column : family.columns) {
        const UsualRange& usual = scratch_.usual[column];
        const bool flag =
            detector_.features().schema().columns[column].kind == ColumnKind::categorical;
        move.values.emplace_back(column, middle && !flag
                                             ? (usual.low + usual.high) / 2
                                             : std::clamp(row_[column], usual.low, usual.high));
      }
    }
    for (const auto& [column, to] : move.values) {
      if (column == heaviest) move.change.to = to;
    }
    add_move(std::move(move));
  }
  void add_usual_choice(const ColumnFamily& family, Move& move) const {
    const auto rarer = [&](std::uint32_t a, std::uint32_t b) {
      const UsualRange& x = scratch_.usual[a];
      const UsualRange& y = scratch_.usual[b];
      return x.low + x.high < y.low + y.high;
    };
    const std::uint32_t best =
        *std::max_element(family.columns.begin(), family.columns.end(), rarer);
    const bool fits =
        std::any_of(family.columns.begin(), family.columns.end(), [&](std::uint32_t column) {
          return row_[column] > 0.5F && scratch_.usual[column].high > 0.5F;
        });
    if (fits || scratch_.usual[best].high < 0.5F) return;
    for (const std::uint32_t column : family.columns) {
      move.values.emplace_back(column, column == best ? 1.0F : 0.0F);
    }
  }
  void add_aspects() {
    const std::vector<Aspect> all = aspects();
    for (std::size_t i = 0; i < std::min(units_max, all.size()); ++i) {
      for (const bool middle : {false, true}) add_aspect(i, all[i], middle);
    }
  }

  void add_families() {
    const ColumnFamilies& all = detector_.families();
    const std::size_t count = std::min(units_max, scratch_.order.size());
    for (std::size_t i = 0; i < count; ++i) {
      const ColumnFamily& family = all.families[scratch_.order[i]];
      const std::uint32_t heaviest = scratch_.heaviest[scratch_.order[i]];
      if (family.kind == ColumnFamily::Kind::choice) add_choices(i, family);
      if (family.kind == ColumnFamily::Kind::horizons) add_horizons(i, family, heaviest);
      if (family.kind == ColumnFamily::Kind::single) add_column(i, family.columns[0]);
    }
  }
  void add_columns() {
    const ColumnFamilies& all = detector_.families();
    std::vector<std::uint32_t> columns(row_.size());
    for (std::uint32_t c = 0; c < columns.size(); ++c) columns[c] = c;
    const std::size_t count = std::min(units_max, columns.size());
    std::partial_sort(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(count),
                      columns.end(), [&](std::uint32_t a, std::uint32_t b) {
                        const float x = scratch_.parts[a], y = scratch_.parts[b];
                        return x != y ? x > y : a < b;
                      });
    std::vector<std::uint32_t> seen;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t own = all.of_column[columns[i]];
      const ColumnFamily& family = all.families[own];
      if (family.kind != ColumnFamily::Kind::choice) {
        add_column(i, columns[i]);
      } else if (std::find(seen.begin(), seen.end(), own) == seen.end()) {
        seen.push_back(own);
        add_choices(i, family);
      }
    }
  }

  const Detector& detector_;
  std::span<const float> row_;
  float threshold_;
  ExplainScratch& scratch_;
  std::vector<Move> moves_;
  std::vector<float> current_, scores_;
};

}  // namespace

void find_smallest_change(const Detector& detector, std::span<const float> row, float threshold,
                          ExplainScratch& scratch, Explanation& why) {
  ChangeSearch search(detector, row, threshold, scratch);
  for (const ChangeOf of : {ChangeOf::columns, ChangeOf::families, ChangeOf::aspects}) {
    if (search.run(of, why)) return;
  }
}

}  // namespace vedette

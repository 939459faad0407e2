/// Which settings of a model are worth having: successive halving over random settings.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "train/prepared.hpp"
#include "train/shuffle.hpp"
#include "train/text_layout.hpp"

namespace vedette {

namespace {

using Values = std::map<std::string, std::string, std::less<>>;

constexpr std::uint32_t halving = 3;         // a third goes on
constexpr std::size_t rung_rows_min = 2000;  // fewer rows tell settings apart by luck
constexpr std::uint32_t trials_max = 1000;

/// Position p in the space of all settings, digit by digit.
Values settings_at(const std::vector<SearchAxis>& axes, std::uint64_t p, const Values& fixed) {
  Values values = fixed;
  for (const SearchAxis& axis : axes) {
    values[std::string{axis.option}] = axis.values[p % axis.values.size()];
    p /= axis.values.size();
  }
  return values;
}

/// A training row at its place in the order that the seed drew.
struct Drawn {
  double place = 0;  // in (0, 1): where in its class
  std::uint32_t row = 0;
  std::uint32_t tested_in = 0;  // the fold
};

/// Rows of one fold of one rung, copied together.
struct Part {
  Matrix train, test;
};

class Searching {
 public:
  Searching(const ModelKind& kind, const TrainOptions& options, const SearchOptions& search,
            Prepared prepared)
      : kind_(kind),
        options_(options),
        search_(search),
        prepared_(std::move(prepared)),
        random_(Random{options.fit.seed}.split()) {}

  Result<Searched> run();

 private:
  Status choose_settings();
  void choose_rows();
  std::vector<std::size_t> rungs() const;
  Status run_rung(std::size_t rows, std::span<Trial> trials);
  Part part_of(std::size_t rows, std::uint32_t fold) const;
  Result<double> cross_validate(const Trial& trial, std::span<const Part> parts);

  const ModelKind& kind_;
  const TrainOptions& options_;
  const SearchOptions& search_;
  Prepared prepared_;
  Random random_;
  std::vector<Drawn> order_;  // all training rows
  Searched out_;
};

Result<Searched> Searching::run() {
  if (Status sound = choose_settings(); !sound) return sound.error();
  choose_rows();
  std::size_t alive = out_.trials.size();
  for (const std::size_t rows : rungs()) {
    const std::span<Trial> trials{out_.trials.data(), alive};
    if (Status done = run_rung(rows, trials); !done) return done.error();
    std::stable_sort(trials.begin(), trials.end(),
                     [](const Trial& a, const Trial& b) { return a.macro_f1 > b.macro_f1; });
    alive = std::max<std::size_t>(1, (alive + halving - 1) / halving);
  }
  return std::move(out_);
}

Status Searching::choose_settings() {
  if (search_.trials < 2 || search_.trials > trials_max || search_.folds < 2 ||
      search_.folds > 10) {
    return Error{Errc::out_of_range,
                 fmt::format("a search takes 2 to {} trials and 2 to 10 folds, not {} and {}",
                             trials_max, search_.trials, search_.folds)};
  }
  std::vector<SearchAxis> axes;
  std::uint64_t size = 1;
  for (const SearchAxis& axis : kind_.search) {
    if (options_.fit.values.contains(axis.option)) continue;
    axes.push_back(axis);
    size *= axis.values.size();
  }
  if (size < 2) {
    return Error{Errc::out_of_range,
                 fmt::format("{}: there is nothing left to search for", kind_.name)};
  }
  expects(size < (std::uint64_t{1} << 24U), "the space of a model can be counted through");
  std::vector<std::uint64_t> points(size);
  std::iota(points.begin(), points.end(), std::uint64_t{0});
  shuffle(std::span{points}, random_);
  out_.trials.push_back({options_.fit.values, 0, 0});  // the defaults
  for (const std::uint64_t point : points) {
    if (out_.trials.size() == search_.trials) break;
    out_.trials.push_back({settings_at(axes, point, options_.fit.values), 0, 0});
  }
  return {};
}

/// Shuffled within each class, then dealt so that every beginning of the order has the classes in
/// about their shares, each at least once as early as it can: row j of n of a class stands at
/// (j + 0.5) / n.
void Searching::choose_rows() {
  const std::vector<std::uint16_t>& classes = prepared_.train.classes;
  std::vector<std::vector<std::uint32_t>> groups(prepared_.classes.trained);
  for (std::uint32_t i = 0; i < classes.size(); ++i) groups[classes[i]].push_back(i);
  for (auto& group : groups) {
    shuffle(std::span{group}, random_);
    for (std::uint32_t j = 0; j < group.size(); ++j) {
      const double place = (j + 0.5) / static_cast<double>(group.size());
      order_.push_back({place, group[j], j % search_.folds});
    }
  }
  std::stable_sort(order_.begin(), order_.end(),
                   [](const Drawn& a, const Drawn& b) { return a.place < b.place; });
}

/// Training rows of each rung: the last uses all, each before it a third.
std::vector<std::size_t> Searching::rungs() const {
  std::vector<std::size_t> out{order_.size()};
  std::size_t alive = out_.trials.size();
  while (alive > halving && out.back() / halving >= rung_rows_min) {
    out.push_back(out.back() / halving);
    alive = (alive + halving - 1) / halving;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

/// The first `rows` of the order; each class is spread evenly over the folds.
Part Searching::part_of(std::size_t rows, std::uint32_t fold) const {
  Part part;
  const Rows all = prepared_.train_rows();
  for (std::size_t r = 0; r < rows; ++r) {
    Matrix& matrix = order_[r].tested_in == fold ? part.test : part.train;
    const auto row = all[order_[r].row];
    matrix.values.insert(matrix.values.end(), row.begin(), row.end());
    matrix.classes.push_back(prepared_.train.classes[order_[r].row]);
    matrix.captures.push_back(prepared_.train.captures[order_[r].row]);
  }
  return part;
}

Status Searching::run_rung(std::size_t rows, std::span<Trial> trials) {
  std::vector<Part> parts;
  for (std::uint32_t fold = 0; fold < search_.folds; ++fold) parts.push_back(part_of(rows, fold));
  double best = 0;
  for (std::size_t t = 0; t < trials.size(); ++t) {
    if (options_.fit.progress != nullptr) {
      options_.fit.progress->restart(fmt::format("searching, {} rows", grouped(rows)));
      options_.fit.progress->note(fmt::format("best macro-F1 {:.4f}", best));
      options_.fit.progress->set(t, trials.size());
    }
    const auto score = cross_validate(trials[t], parts);
    if (!score) return score.error();
    trials[t].rows = rows;
    trials[t].macro_f1 = *score;
    best = std::max(best, *score);
  }
  return {};
}

/// Settings that a model refuses for these rows are worth nothing; they do not end the search.
Result<double> Searching::cross_validate(const Trial& trial, std::span<const Part> parts) {
  FitOptions fit = options_.fit;
  fit.values = trial.values;
  fit.progress = nullptr;
  double sum = 0;
  for (const Part& part : parts) {
    TrainingSet set = prepared_.training_set();
    set.rows = part.train.rows(prepared_.width());
    set.labels = part.train.classes;
    set.captures = part.train.captures;
    const auto model = kind_.fit(set, fit);
    if (!model &&
        (model.error().code == Errc::cancelled || model.error().code == Errc::not_found)) {
      return model.error();
    }
    if (!model) return 0.0;
    const Answers answers =
        answer(**model, kind_, prepared_.classes, part.test.rows(prepared_.width()));
    sum += evaluate(kind_, part.test.classes, answers).macro_f1;
  }
  return sum / static_cast<double>(parts.size());
}

std::string settings_text(const Values& values) {
  std::string out;
  for (const auto& [name, value] : values) {
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, value);
  }
  return out.empty() ? "the defaults" : out;
}

}  // namespace

Result<Searched> search(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options,
                        const SearchOptions& search) {
  if (Status fits = check_options(kind, options); !fits) return fits.error();
  Result<Split> split = make_split(dataset, options.split);
  if (!split) return split.error();
  Result<Prepared> prepared = prepare_rows(dataset, std::move(*split), options, false);
  if (!prepared) return prepared.error();
  return Searching{kind, options, search, std::move(*prepared)}.run();
}

std::string to_text(const Searched& searched) {
  using Align = TextLayout::Align;
  TextLayout table{{{"macro-F1", Align::right}, {"rows", Align::right}, {"settings", Align::left}}};
  for (const Trial& trial : searched.trials) {
    table.add(
        {fmt::format("{:.4f}", trial.macro_f1), grouped(trial.rows), settings_text(trial.values)});
  }
  return table.text();
}

std::string to_json(const Searched& searched) {
  std::string out = "[";
  for (const Trial& trial : searched.trials) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_json_field(out, "macro_f1", trial.macro_f1);
    append_json_field(out, "rows", trial.rows);
    append_json_key(out, "settings");
    out += '{';
    for (const auto& [name, value] : trial.values) append_json_field(out, name, value);
    out += "}}";
  }
  return out + "]";
}

}  // namespace vedette

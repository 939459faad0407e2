#include "train/importance.hpp"

#include <algorithm>
#include <numeric>

#include "train/shuffle.hpp"

namespace vedette {

namespace {

struct Group {
  std::string name;
  std::vector<std::size_t> columns;
};

std::vector<Group> groups_of(const Schema& schema) {
  std::vector<Group> groups;
  for (std::size_t c = 0; c < schema.width(); ++c) {
    const std::string& column = schema.columns[c].name;
    const std::string name = column.substr(0, column.find('='));
    const auto known = std::find_if(groups.begin(), groups.end(),
                                    [&](const Group& group) { return group.name == name; });
    if (known != groups.end()) {
      known->columns.push_back(c);
    } else {
      groups.push_back({name, {c}});
    }
  }
  return groups;
}

Matrix sample_of(const Prepared& prepared, Random& random) {
  constexpr std::size_t rows_max = 2000;
  const Rows rows = prepared.test_rows();
  std::vector<std::uint32_t> order(rows.count);
  std::iota(order.begin(), order.end(), 0U);
  shuffle(std::span{order}, random);
  order.resize(std::min(order.size(), rows_max));
  Matrix sample;
  for (const std::uint32_t i : order) {
    sample.values.insert(sample.values.end(), rows[i].begin(), rows[i].end());
    sample.classes.push_back(prepared.test.classes[i]);
  }
  return sample;
}

double macro_f1(const Model& model, const ModelKind& kind, const Prepared& prepared,
                const Matrix& sample) {
  const Answers answers = answer(model, kind, prepared.classes, sample.rows(prepared.width()));
  return evaluate(kind, sample.classes, answers).macro_f1;
}

}  // namespace

std::vector<Importance> importances_of(const Model& model, const ModelKind& kind,
                                       const Prepared& prepared, std::uint64_t seed) {
  Random random = Random{seed}.split();
  const Matrix sample = sample_of(prepared, random);
  const std::size_t width = prepared.width();
  const double whole = macro_f1(model, kind, prepared, sample);
  std::vector<Importance> out;
  std::vector<std::uint32_t> from(sample.classes.size());
  for (const Group& group : groups_of(prepared.features->schema())) {
    std::iota(from.begin(), from.end(), 0U);
    shuffle(std::span{from}, random);
    Matrix dealt = sample;
    for (const std::size_t column : group.columns) {
      for (std::size_t i = 0; i < from.size(); ++i) {
        dealt.values[i * width + column] = sample.values[from[i] * width + column];
      }
    }
    out.push_back({group.name, whole - macro_f1(model, kind, prepared, dealt)});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Importance& a, const Importance& b) { return a.loss > b.loss; });
  return out;
}

}  // namespace vedette

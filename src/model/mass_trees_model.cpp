#include "model/mass_trees_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "model/parallel.hpp"

namespace vedette {

void MassTreesModel::strangeness(Rows rows, std::span<float> out) const {
  trees_.mean(rows, out);
  for (float& value : out.first(rows.count)) value = style_.strangeness(value, unit_);
}

void MassTreesModel::explain_strangeness(std::span<const float> row, std::span<float> out) const {
  trees_.explain(row, out);
  for (float& part : out) part /= unit_;
}

Attribution MassTreesModel::attribute(std::span<const float> row, std::uint16_t class_index,
                                      std::span<float> out) const {
  explain(row, class_index, out);
  if (!style_.adds) return {};
  return {PartsAdd::to_strangeness, -trees_.root() / static_cast<double>(unit_)};
}

std::string MassTreesModel::describe() const {
  return fmt::format("{} trees of {} rows, {} leaves, learned from {} benign rows", trees_.size(),
                     trees_.rows(), trees_.leaves(), facts().rows);
}

Result<std::unique_ptr<Model>> fit_mass_trees(const MassStyle& style, const BenignRows& benign,
                                              float contamination, std::uint32_t trees,
                                              const FitOptions& options,
                                              const std::function<MassTree(Random)>& grow) {
  Random random(options.seed);
  std::vector<Random> chances;
  for (std::uint32_t t = 0; t < trees; ++t) chances.push_back(random.split());
  std::vector<MassTree> grown(trees);
  std::atomic<std::uint64_t> done = 0;
  run_parallel(options.threads, trees, [&](std::size_t t) {
    if (options.stop.stop_requested()) return;
    grown[t] = grow(chances[t]);
    tell(options, ++done, trees);
  });
  if (options.stop.stop_requested()) {
    return Error{Errc::cancelled, fmt::format("{}: stopped before it had learned", style.kind)};
  }
  MassTrees all(benign.schema.width());
  for (const MassTree& tree : grown) all.add(tree, style.values);
  BenignFacts facts;
  facts.width = benign.schema.width();
  facts.contamination = contamination;
  auto model = std::make_unique<MassTreesModel>(style, std::move(facts), std::move(all));
  if (const Status status = model->learn_tail(benign.rows(), options); !status) {
    return status.error();
  }
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> load_mass_trees(const MassStyle& style, ByteReader& in) {
  Result<BenignFacts> facts = load_benign_facts(style.kind, in);
  if (!facts) return facts.error();
  Result<MassTrees> trees = MassTrees::load(in, facts->width, style.leaf_rows_min, style.values);
  if (!trees) {
    return Error{trees.error().code, fmt::format("{}: {}", style.kind, trees.error().message)};
  }
  return std::unique_ptr<Model>(
      std::make_unique<MassTreesModel>(style, std::move(*facts), std::move(*trees)));
}

}  // namespace vedette

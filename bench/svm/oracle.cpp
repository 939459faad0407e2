#include "bench/svm/oracle.hpp"

#include <fmt/format.h>
#include <libsvm/svm.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "model/scaler.hpp"
#include "model/svm_rows.hpp"
#include "model/svm_smo.hpp"

namespace vedette::bench {

namespace {

double libsvm_objective = 0;

void listen(const char* text) {
  const char* found = std::strstr(text, "obj = ");
  if (found != nullptr) libsvm_objective = std::strtod(found + 6, nullptr);
}

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The two largest classes, every nth row of them.
Flows slice(const Flows& flows, std::size_t count, std::uint16_t a, std::uint16_t b) {
  Flows out;
  out.width = flows.width;
  const auto both = static_cast<std::size_t>(
      std::count_if(flows.labels.begin(), flows.labels.end(),
                    [&](std::uint16_t label) { return label == a || label == b; }));
  const std::size_t step = std::max<std::size_t>(1, both / count);
  std::size_t seen = 0;
  for (std::size_t i = 0; i < flows.labels.size(); ++i) {
    if (flows.labels[i] != a && flows.labels[i] != b) continue;
    if (seen++ % step == 0) out.add(flows.rows()[i], flows.labels[i] == a ? 0 : 1);
  }
  return out;
}

std::vector<svm_node> nodes_of(const float* row, std::size_t width) {
  std::vector<svm_node> nodes;
  for (std::size_t c = 0; c < width; ++c) {
    if (row[c] != 0) nodes.push_back({static_cast<int>(c + 1), static_cast<double>(row[c])});
  }
  nodes.push_back({-1, 0});
  return nodes;
}

struct Libsvm {
  std::vector<std::vector<svm_node>> nodes;
  std::vector<svm_node*> pointers;
  std::vector<double> labels;
  svm_model* model = nullptr;
  ~Libsvm() { svm_free_and_destroy_model(&model); }

  void train(const Flows& flows, const Scaler& scaler, double gamma) {
    std::vector<float> x(flows.width);
    for (std::size_t i = 0; i < flows.labels.size(); ++i) {
      scaler.apply(flows.rows()[i].data(), x.data());
      nodes.push_back(nodes_of(x.data(), x.size()));
      labels.push_back(flows.labels[i] == 0 ? 1 : -1);
    }
    for (auto& row : nodes) pointers.push_back(row.data());
    const svm_problem problem{static_cast<int>(labels.size()), labels.data(), pointers.data()};
    svm_parameter parameter{};
    parameter.svm_type = C_SVC;
    parameter.kernel_type = RBF;
    parameter.gamma = gamma;
    parameter.cache_size = 200;
    parameter.eps = 1e-3;
    parameter.C = 1;
    parameter.shrinking = 1;
    svm_set_print_string_function(listen);
    model = svm_train(&problem, &parameter);
  }
};

}  // namespace

OracleAnswer ask_libsvm(const Workload& work, std::size_t count) {
  std::vector<std::pair<std::size_t, std::uint16_t>> sizes;
  for (std::uint16_t k = 0; k < work.classes.size(); ++k) {
    sizes.emplace_back(std::count(work.train.labels.begin(), work.train.labels.end(), k), k);
  }
  std::sort(sizes.rbegin(), sizes.rend());
  const Flows flows = slice(work.train, count, sizes[0].second, sizes[1].second);
  Workload two;
  two.classes = {std::string(benign_label), "other"};
  two.schema = work.schema;
  const TrainingSet set = training_set(two, flows);
  const Scaler scaler = Scaler::fit(set);

  SmoSolution ours;
  LaneRows rows;
  MergedRows merged;
  std::size_t positives = 0;
  double gamma = 0;
  const double our_seconds = seconds_of([&] {
    merged = merge_rows(set, scaler, {});
    gamma = scale_gamma(merged);
    rows = LaneRows(merged.points(), flows.width);
    std::vector<double> bounds;
    for (const auto& points : merged.classes) {
      for (const auto& point : points) {
        rows.set(bounds.size(), merged.row(point.row));
        bounds.push_back(point.weight);
      }
    }
    positives = merged.classes[0].size();
    SmoOptions options;
    options.gamma = gamma;
    ours = solve_smo(rows, positives, bounds, options);
  });
  Libsvm peer;
  const double peer_seconds = seconds_of([&] { peer.train(flows, scaler, gamma); });

  double apart = 0;
  std::size_t other = 0, at = 0;
  std::vector<double> theirs(1);
  for (const auto& points : merged.classes) {
    for (const auto& point : points) {
      const auto nodes = nodes_of(merged.row(point.row), flows.width);
      svm_predict_values(peer.model, nodes.data(), theirs.data());
      const double sign = peer.model->label[0] == 1 ? 1 : -1;
      apart = std::max(apart, std::abs(sign * theirs[0] - ours.decision[at]));
      other += (sign * theirs[0] > 0) != (ours.decision[at] > 0) ? 1 : 0;
      ++at;
    }
  }
  const double relative =
      std::abs(ours.objective - libsvm_objective) / std::max(1.0, std::abs(libsvm_objective));
  OracleAnswer answer;
  answer.equal = relative <= 1e-3 && apart <= 0.02 && other * 1000 <= at;
  fmt::print("LIBSVM on {} rows of two classes ({} distinct), C=1, gamma={:.4g}:\n",
             flows.labels.size(), at, gamma);
  fmt::print("  objective {:.6f} / {:.6f}, {:.1e} apart\n", ours.objective, libsvm_objective,
             relative);
  fmt::print("  decisions at most {:.1e} apart, {} of {} on the other side\n", apart, other, at);
  fmt::print("  fit       {:.3f} s / {:.3f} s = {:.1f}x ({} steps)\n", our_seconds, peer_seconds,
             peer_seconds / our_seconds, ours.iterations);
  return answer;
}

}  // namespace vedette::bench

#include "train/controls.hpp"

#include <algorithm>
#include <array>

#include "base/random.hpp"
#include "train/shuffle.hpp"

namespace vedette {

namespace {

using Indices = std::vector<std::uint32_t>;

constexpr double seconds_a_day = 86'400;

double seconds_of(Time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// When each capture begins, in seconds.
std::vector<double> beginnings(const Dataset& dataset) {
  std::vector<double> out(dataset.captures().size(), std::numeric_limits<double>::max());
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    double& begin = out[dataset.capture(i)];
    begin = std::min(begin, seconds_of(dataset.time(i)));
  }
  return out;
}

enum class Shortcut : std::uint8_t { ports, time };

Schema schema_of(Shortcut shortcut) {
  Schema schema{RecordKind::flow, {}};
  const auto add = [&](const char* name) { schema.columns.push_back({name, ColumnKind::numeric}); };
  if (shortcut == Shortcut::ports) {
    for (const char* name : {"orig_p", "resp_p", "proto"}) add(name);
  } else {
    for (const char* name : {"since_begin", "time_of_day"}) add(name);
  }
  return schema;
}

std::vector<float> values_of(const Dataset& dataset, const Indices& rows, Shortcut shortcut,
                             std::span<const double> begin) {
  std::vector<float> out;
  Record record;
  for (const std::uint32_t i : rows) {
    if (shortcut == Shortcut::ports) {
      dataset.read(i, record);
      for (const auto value :
           {static_cast<unsigned>(record.flow.orig_p), static_cast<unsigned>(record.flow.resp_p),
            static_cast<unsigned>(record.flow.proto)}) {
        out.push_back(static_cast<float>(value));
      }
    } else {
      const double at = seconds_of(dataset.time(i));
      out.push_back(static_cast<float>(at - begin[dataset.capture(i)]));
      out.push_back(static_cast<float>(at - std::floor(at / seconds_a_day) * seconds_a_day));
    }
  }
  return out;
}

Result<std::vector<float>> scores_of(const ModelKind& kind, const TrainingSet& set, Rows test,
                                     const FitOptions& fit) {
  const Result<std::unique_ptr<Model>> model = kind.fit(set, fit);
  if (!model) return model.error();
  Classes classes;
  classes.names = set.classes;
  classes.trained = set.classes.size();
  return answer(**model, kind, classes, test).scores;
}

FitOptions tree_fit(const TrainOptions& options) {
  FitOptions fit = options.fit;
  fit.values = {{"leaf_rows_min", "20"}};
  return fit;
}

std::string_view family_of(std::string_view column) {
  const auto begins = [&](std::initializer_list<std::string_view> heads) {
    return std::any_of(heads.begin(), heads.end(),
                       [&](std::string_view head) { return column.starts_with(head); });
  };
  if (begins({"source_", "pair_", "port_", "new_"})) return "windows";
  if (begins({"service", "orig_port", "resp_port", "resp_p", "orig_p"}) &&
      !begins({"resp_pkts", "orig_pkts"})) {
    return "ports and services";
  }
  if (begins({"history", "log_history"})) return "history";
  if (begins({"conn_state"})) return "state";
  if (begins({"log_", "orig_", "resp_bytes", "resp_pkts", "resp_ip", "duration", "missed",
              "packets_unset"})) {
    return "sizes";
  }
  return "";
}

std::vector<float> blanked(const Matrix& matrix, std::size_t width, std::span<const bool> blank) {
  std::vector<float> out = matrix.values;
  for (std::size_t at = 0; at < out.size(); ++at) {
    if (blank[at % width]) out[at] = 0;
  }
  return out;
}

Evaluation areas(std::span<const std::uint16_t> classes, std::span<const float> scores) {
  static const std::array<std::string, 2> names{"Benign", "Attack"};
  std::vector<std::uint16_t> truth, predicted;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    truth.push_back(classes[i] != 0 ? 1 : 0);
    predicted.push_back(scores[i] >= 0.5F ? 1 : 0);
  }
  return evaluate(names, truth, predicted, scores);
}

}  // namespace

Result<std::vector<ControlScores>> run_controls(const Dataset& dataset, const Prepared& prepared,
                                                const TrainOptions& options) {
  std::vector<ControlScores> out;
  const FitOptions fit = tree_fit(options);
  const std::vector<double> begin = beginnings(dataset);
  for (const Shortcut shortcut : {Shortcut::ports, Shortcut::time}) {
    TrainingSet set = prepared.training_set();
    set.schema = schema_of(shortcut);
    const std::size_t width = set.schema.width();
    const auto train = values_of(dataset, prepared.split.train, shortcut, begin);
    const auto test = values_of(dataset, prepared.split.test, shortcut, begin);
    set.rows = {train.data(), prepared.split.train.size(), width};
    auto scores = scores_of(tree_kind, set, {test.data(), prepared.split.test.size(), width}, fit);
    if (!scores) return scores.error();
    out.push_back({shortcut == Shortcut::ports ? "ports alone" : "time alone", std::move(*scores)});
  }
  TrainingSet set = prepared.training_set();
  std::vector<std::uint16_t> labels{set.labels.begin(), set.labels.end()};
  Random random = Random{options.fit.seed}.split();
  shuffle(std::span{labels}, random);
  set.labels = labels;
  auto scores = scores_of(tree_kind, set, prepared.test_rows(), fit);
  if (!scores) return scores.error();
  out.push_back({"shuffled labels", std::move(*scores)});
  return out;
}

Result<std::vector<Without>> without_families(const ModelKind& kind, const Prepared& prepared,
                                              const FitOptions& fit) {
  std::vector<Without> out;
  const Schema& schema = prepared.features->schema();
  const std::size_t width = schema.width();
  const auto& truth = prepared.test.classes;
  const auto benign = std::count(truth.begin(), truth.end(), 0);
  if (benign == 0 || static_cast<std::size_t>(benign) == truth.size()) return out;
  for (const std::string_view family :
       {"", "windows", "ports and services", "history", "state", "sizes"}) {
    const auto blank = std::make_unique<bool[]>(width);
    std::uint32_t columns = 0;
    for (std::size_t c = 0; c < width; ++c) {
      blank[c] = !family.empty() && family_of(schema.columns[c].name) == family;
      columns += blank[c] ? 1 : 0;
    }
    if (!family.empty() && columns == 0) continue;
    const auto train = blanked(prepared.train, width, {blank.get(), width});
    const auto test = blanked(prepared.test, width, {blank.get(), width});
    TrainingSet set = prepared.training_set();
    set.rows = {train.data(), prepared.train.classes.size(), width};
    const auto scores = scores_of(kind, set, {test.data(), truth.size(), width}, fit);
    if (!scores) return scores.error();
    const Evaluation e = areas(truth, *scores);
    out.push_back({std::string{family}, columns, e.roc_auc, e.pr_auc});
  }
  return out;
}

}  // namespace vedette

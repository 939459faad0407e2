#include "model/benign_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

#include "base/expects.hpp"
#include "model/parallel.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t benign_version = 1;
constexpr float contamination_max = 0.5F;

}  // namespace

Result<BenignRows> benign_rows_of(std::string_view kind, const TrainingSet& set, unsigned threads) {
  if (const Status status = check_training_set(set, threads, 1); !status) return status.error();
  BenignRows out;
  out.schema = set.schema;
  out.all = static_cast<std::uint64_t>(std::count(set.labels.begin(), set.labels.end(), 0));
  if (out.all == 0) {
    return Error{
        Errc::out_of_range,
        fmt::format("{}: none of the rows is benign, and it learns from nothing else", kind)};
  }
  const std::uint64_t step = (out.all + benign_rows_max - 1) / benign_rows_max;
  out.count = (out.all + step - 1) / step;
  out.values.reserve(out.count * set.rows.width);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < set.rows.count; ++i) {
    if (set.labels[i] != 0 || seen++ % step != 0) continue;
    const auto row = set.rows[i];
    out.values.insert(out.values.end(), row.begin(), row.end());
    if (!set.weights.empty()) out.weights.push_back(set.weights[i]);
  }
  return out;
}

/// The strangeness of a batch first fills the front half of `out`; from its end each number is then
/// spread into two, which never reaches one not yet read.
void BenignModel::score(Rows rows, std::span<float> out) const {
  expects(rows.width == facts_.width && out.size() >= 2 * rows.count,
          "BenignModel::score gets rows of its width and room for both classes");
  strangeness(rows, out.first(rows.count));
  for (std::size_t i = rows.count; i-- > 0;) {
    const float benign = benign_probability(facts_.tail.share_beyond(out[i]), facts_.contamination);
    out[2 * i] = benign;
    out[2 * i + 1] = 1 - benign;
  }
}

void BenignModel::explain(std::span<const float> row, std::uint16_t class_index,
                          std::span<float> out) const {
  expects(row.size() == facts_.width && out.size() == facts_.width && class_index < 2,
          "BenignModel::explain gets a row of its width and a class it knows");
  explain_strangeness(row, out);
  if (class_index == 0) {
    for (float& part : out) part = -part;
  }
}

void BenignModel::save(ByteWriter& out) const {
  out.put(benign_version);
  out.put(static_cast<std::uint32_t>(facts_.width));
  out.put(facts_.rows);
  out.put(facts_.contamination);
  facts_.tail.save(out);
  save_body(out);
}

Status BenignModel::learn_tail(Rows benign, const FitOptions& options) {
  constexpr std::size_t task_rows = 4096;
  std::vector<float> scores(benign.count);
  run_parallel(options.threads, (benign.count + task_rows - 1) / task_rows, [&](std::size_t task) {
    if (options.stop.stop_requested()) return;
    const std::size_t from = task * task_rows;
    const std::size_t count = std::min(task_rows, benign.count - from);
    strangeness({benign.data + from * benign.width, count, benign.width},
                std::span{scores}.subspan(from, count));
  });
  if (options.stop.stop_requested()) {
    return Error{Errc::cancelled, fmt::format("{}: stopped before it had learned", kind())};
  }
  facts_.rows = benign.count;
  facts_.tail = BenignTail::fit(std::move(scores));
  return {};
}

namespace {

constexpr std::size_t left_out_rows_min = 200;  // a share of one in 200 can be counted
constexpr std::size_t left_out_max = 8;

/// Captures with benign rows enough, the largest first. REQUIRES: a checked training set.
std::vector<std::uint32_t> captures_to_leave_out(const TrainingSet& set) {
  std::map<std::uint32_t, std::size_t> rows;
  for (std::size_t i = 0; i < set.captures.size(); ++i) {
    if (set.labels[i] == 0) ++rows[set.captures[i]];
  }
  std::vector<std::uint32_t> out;
  for (const auto& [capture, count] : rows) {
    if (count >= left_out_rows_min) out.push_back(capture);
  }
  std::stable_sort(out.begin(), out.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return rows[a] > rows[b]; });
  out.resize(std::min(out.size(), left_out_max));
  return out.size() < 2 ? std::vector<std::uint32_t>{} : out;
}

/// The benign rows of one capture, or of all others.
struct Side {
  std::vector<float> values, weights;
  std::vector<std::uint16_t> labels;

  Side(const TrainingSet& set, std::uint32_t capture, bool own) {
    for (std::size_t i = 0; i < set.rows.count; ++i) {
      if (set.labels[i] != 0 || (set.captures[i] == capture) != own) continue;
      const auto row = set.rows[i];
      values.insert(values.end(), row.begin(), row.end());
      if (!set.weights.empty()) weights.push_back(set.weights[i]);
      labels.push_back(0);
    }
  }
  TrainingSet set_like(const TrainingSet& whole) const {
    return {.rows = {values.data(), labels.size(), whole.rows.width},
            .labels = labels,
            .weights = weights,
            .captures = {},
            .classes = whole.classes,
            .schema = whole.schema};
  }
};

}  // namespace

Result<std::unique_ptr<Model>> fit_by_capture(FitBenign fit_one, const TrainingSet& set,
                                              const FitOptions& options) {
  Result<std::unique_ptr<Model>> model = fit_one(set, options);
  if (!model) return model;
  FitOptions quiet = options;
  quiet.progress = nullptr;
  std::vector<BenignTail> networks;
  for (const std::uint32_t capture : captures_to_leave_out(set)) {
    const Side rest{set, capture, false};
    const Side own{set, capture, true};
    const Result<std::unique_ptr<Model>> others = fit_one(rest.set_like(set), quiet);
    if (!others) return others.error();
    auto& judge = static_cast<BenignModel&>(**others);
    if (const Status done = judge.learn_tail(own.set_like(set).rows, quiet); !done) {
      return done.error();
    }
    networks.push_back(judge.tail());
  }
  if (!networks.empty()) {
    static_cast<BenignModel&>(**model).take_tail(BenignTail::strictest(networks));
  }
  return model;
}

float read_contamination(OptionReader& reader) {
  return static_cast<float>(reader.number("contamination", 1e-3, 1e-6, contamination_max));
}

Result<BenignFacts> load_benign_facts(std::string_view kind, ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != benign_version) {
    return Error{Errc::unsupported,
                 fmt::format("{}: version {}, this build reads {}", kind, version, benign_version)};
  }
  BenignFacts facts;
  facts.width = in.get<std::uint32_t>();
  facts.rows = in.get<std::uint64_t>();
  facts.contamination = in.get<float>();
  if (!in.ok() || facts.width == 0 || facts.width > fit_columns_max || facts.rows == 0 ||
      facts.rows > benign_rows_max || !(facts.contamination >= 1e-7F) ||
      !(facts.contamination <= contamination_max)) {
    return Error{Errc::corrupt, fmt::format("{}: sizes outside their range", kind)};
  }
  Result<BenignTail> tail = BenignTail::load(in);
  if (!tail) return Error{tail.error().code, fmt::format("{}: {}", kind, tail.error().message)};
  facts.tail = std::move(*tail);
  return facts;
}

}  // namespace vedette

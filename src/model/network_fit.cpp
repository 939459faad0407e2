/// One epoch: the training rows in a new random order, cut into mini-batches, each batch into
/// slices that run side by side, each slice into blocks whose activations fit the second-level
/// cache. After every epoch the loss on rows held back decides whether these weights are the best
/// so far (Prechelt: Early Stopping — But When?, 1998); the best are what is kept.
///
/// Every draw comes from the seed: the split, the initial weights, the order of each epoch, and a
/// generator per slice for dropout. None depends on the number of threads.
#include "model/network_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

#include "base/text.hpp"
#include "model/network_crew.hpp"
#include "model/network_gradient.hpp"

namespace vedette {

NetworkPlan read_plan(OptionReader& reader, std::uint32_t epochs, double dropout) {
  NetworkPlan plan;
  plan.epochs = reader.count("epochs", epochs, 1, 1000);
  plan.batch = reader.count("batch", 256, 1, 65'536);
  plan.learning_rate = reader.number("learning_rate", 0.001, 1e-6, 1);
  plan.dropout = reader.number("dropout", dropout, 0, 0.9);
  plan.patience = reader.count("patience", 3, 1, 1000);
  plan.validation_share = reader.number("validation_share", 0.1, 0, 0.5);
  plan.balanced = reader.choice("class_weight", {"none", "balanced"}) == 1;
  return plan;
}

Result<std::vector<std::uint32_t>> read_sizes(OptionReader& reader, const FitOptions& options,
                                              std::string_view name, std::string_view fallback,
                                              std::size_t count, std::size_t most) {
  const auto given = options.values.find(name);
  const std::string_view text = given == options.values.end() ? fallback : given->second;
  reader.choice(name, {text});  // makes the name known
  std::vector<std::uint32_t> sizes;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const auto size = parse_integer<std::uint32_t>(text.substr(at, end - at));
    if (!size || *size == 0 || *size > most || sizes.size() == count) {
      return Error{Errc::out_of_range,
                   fmt::format("option {} is {}, it takes 1 to {} whole numbers from 1 to {}, "
                               "separated by commas",
                               name, quoted(text), count, most)};
    }
    sizes.push_back(*size);
    at = end + 1;
  }
  return sizes;
}

namespace {

/// A block reads and writes every weight's gradient once: the more rows the better for wide layers.
/// 32, 36 and 64 rows take the same time for the default shapes.
constexpr std::size_t block_rows_max = 64;
constexpr std::size_t block_floats_max = std::size_t{1} << 18U;
constexpr std::size_t slice_rows_min = 64;
constexpr std::size_t slices_max = 8;
constexpr std::size_t rows_per_task = 2048;
constexpr std::size_t parameters_per_task = std::size_t{1} << 14U;

/// What one slice of a mini-batch works with.
struct Slice {
  Slice(const Network& network, std::size_t rows) : backward(network, rows, 1) {
    gradient.resize(network.parameters().size());
  }
  Workspace space;
  Backward backward;
  Floats gradient;
};

class Fitting {
 public:
  Fitting(const TrainingSet& set, const FitOptions& options, const NetworkShape& shape,
          const NetworkPlan& plan);
  Result<FittedNetwork> run();

 private:
  void scale_rows();
  void weigh_rows();
  void split();
  void learn_epoch(std::uint32_t epoch);
  void learn_slice(std::size_t number, std::size_t from, std::size_t to, std::size_t batch_rows);
  void step(std::size_t slices);
  double mean_loss(const std::vector<std::uint32_t>& rows);
  void place(Workspace& space, const std::uint32_t* rows, std::size_t count, bool learning);
  bool stopped() const { return options_.stop.stop_requested(); }

  const TrainingSet& set_;
  const FitOptions& options_;
  const NetworkPlan& plan_;
  Random random_;
  Crew crew_;
  Network network_;
  Scaler scaler_;
  std::size_t block_rows_;
  std::vector<float> scaled_;
  std::vector<float> weights_;  // mean 1; empty when all are 1
  std::vector<std::uint32_t> train_, held_;
  std::vector<std::unique_ptr<Slice>> slices_;
  TransposedWeights transposed_;
  Floats mean_, square_;
  std::uint64_t steps_ = 0;
  std::uint64_t dropout_seed_ = 0;
};

Network initial_network(const TrainingSet& set, const NetworkShape& shape, Random random) {
  std::vector<std::uint8_t> present(set.classes.size());
  for (const std::uint16_t label : set.labels) present[label] = 1;
  Network network(shape, std::move(present));
  network.initialise(random);
  return network;
}

std::size_t block_rows_for(const Network& network) {
  std::size_t floats = 1;
  for (const Layer& layer : network.layers()) {
    floats += layer.input_step() + (layer.dense ? 0 : layer.positions * layer.lanes);
  }
  return std::clamp(block_floats_max / floats, std::size_t{1}, block_rows_max);
}

Fitting::Fitting(const TrainingSet& set, const FitOptions& options, const NetworkShape& shape,
                 const NetworkPlan& plan)
    : set_(set),
      options_(options),
      plan_(plan),
      random_(options.seed),
      crew_(options.threads, slices_max),
      network_(initial_network(set, shape, random_.split())),
      block_rows_(block_rows_for(network_)),
      transposed_(network_, 1),
      mean_(network_.parameters().size()),
      square_(network_.parameters().size()) {
  const std::size_t slices =
      std::clamp((plan.batch + slice_rows_min - 1) / slice_rows_min, std::size_t{1}, slices_max);
  for (std::size_t i = 0; i < slices; ++i) {
    slices_.push_back(std::make_unique<Slice>(network_, block_rows_));
  }
}

void Fitting::scale_rows() {
  scaler_ = Scaler::fit(set_);
  scaled_.resize(set_.rows.count * set_.rows.width);
  const std::size_t tasks = (set_.rows.count + rows_per_task - 1) / rows_per_task;
  crew_.run(tasks, [&](std::size_t task) {
    if (stopped()) return;
    const std::size_t to = std::min(set_.rows.count, (task + 1) * rows_per_task);
    for (std::size_t i = task * rows_per_task; i < to; ++i) {
      scaler_.apply(set_.rows[i].data(), scaled_.data() + i * set_.rows.width);
    }
  });
}

/// Row weight × class weight, over their mean: neither their scale nor the learning rate's meaning
/// depends on the other.
void Fitting::weigh_rows() {
  if (set_.weights.empty() && !plan_.balanced) return;
  const std::vector<double> of_class = class_weights(set_, plan_.balanced);
  const auto weight = [&](std::size_t i) {
    return of_class[set_.labels[i]] *
           (set_.weights.empty() ? 1.0 : static_cast<double>(set_.weights[i]));
  };
  double sum = 0;
  for (std::size_t i = 0; i < set_.rows.count; ++i) sum += weight(i);
  const double mean = sum / static_cast<double>(set_.rows.count);
  weights_.resize(set_.rows.count);
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    weights_[i] = static_cast<float>(weight(i) / mean);
  }
}

/// Holds back the share of each class, rounded down: a class with few rows keeps them all.
void Fitting::split() {
  std::vector<std::vector<std::uint32_t>> of_class(set_.classes.size());
  for (std::uint32_t i = 0; i < set_.rows.count; ++i) of_class[set_.labels[i]].push_back(i);
  Random random = random_.split();
  for (auto& rows : of_class) {
    const auto held =
        static_cast<std::size_t>(static_cast<double>(rows.size()) * plan_.validation_share);
    for (std::size_t i = 0; i < held; ++i) {
      std::swap(rows[i], rows[i + random.below(rows.size() - i)]);
    }
    const auto cut = rows.begin() + static_cast<std::ptrdiff_t>(held);
    held_.insert(held_.end(), rows.begin(), cut);
    train_.insert(train_.end(), cut, rows.end());
  }
}

void Fitting::place(Workspace& space, const std::uint32_t* rows, std::size_t count, bool learning) {
  space.prepare(network_.layers(), count, learning);
  const std::size_t width = set_.rows.width;
  network_.place(space, count, [&](std::size_t i, float* at) {
    std::memcpy(at, scaled_.data() + rows[i] * width, width * sizeof(float));
  });
}

void Fitting::learn_slice(std::size_t number, std::size_t from, std::size_t to,
                          std::size_t batch_rows) {
  Slice& slice = *slices_[number];
  Dropout dropout(plan_.dropout, dropout_seed_ + steps_ * slices_max + number);
  std::array<std::uint16_t, block_rows_max> labels{};
  std::array<float, block_rows_max> weights{};
  const float scale = 1.0F / static_cast<float>(batch_rows);
  bool fresh = true;
  for (; from < to && !stopped(); from += block_rows_) {
    const std::size_t rows = std::min(block_rows_, to - from);
    place(slice.space, train_.data() + from, rows, true);
    for (std::size_t i = 0; i < rows; ++i) {
      labels[i] = set_.labels[train_[from + i]];
      if (!weights_.empty()) weights[i] = weights_[train_[from + i]];
    }
    network_.forward(slice.space, rows, &dropout);
    cross_entropy(network_, slice.space.input(network_.layers().size()), labels.data(),
                  weights_.empty() ? nullptr : weights.data(), rows, scale,
                  slice.backward.logits());
    slice.backward.run(network_, transposed_, slice.space, rows, dropout.scale(),
                       slice.gradient.data(), fresh);
    fresh = false;
  }
}

void Fitting::step(std::size_t slices) {
  ++steps_;
  std::array<const float*, slices_max> gradients{};
  for (std::size_t i = 0; i < slices; ++i) gradients[i] = slices_[i]->gradient.data();
  const auto t = static_cast<double>(steps_);
  AdamStep adam_step{};
  adam_step.parameters = network_.parameters().data();
  adam_step.mean = mean_.data();
  adam_step.square = square_.data();
  adam_step.gradients = gradients.data();
  adam_step.gradient_count = slices;
  adam_step.rate = static_cast<float>(plan_.learning_rate / (1 - std::pow(0.9, t)));
  adam_step.square_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, t)));
  const std::size_t count = network_.parameters().size();
  crew_.run((count + parameters_per_task - 1) / parameters_per_task, [&](std::size_t task) {
    const std::size_t from = task * parameters_per_task;
    adam(adam_step, from, std::min(parameters_per_task, count - from));
  });
  const auto update = [&](std::size_t task) { transposed_.update(network_, task); };
  if (count > 4 * parameters_per_task) {
    crew_.run(transposed_.tasks(), update);
  } else {  // less work than waking the others
    for (std::size_t task = 0; task < transposed_.tasks(); ++task) update(task);
  }
}

void Fitting::learn_epoch(std::uint32_t epoch) {
  for (std::size_t i = train_.size(); i > 1; --i) {
    std::swap(train_[i - 1], train_[random_.below(i)]);
  }
  for (std::size_t from = 0; from < train_.size() && !stopped(); from += plan_.batch) {
    const std::size_t rows = std::min<std::size_t>(plan_.batch, train_.size() - from);
    // A shorter last batch has fewer slices: none is empty.
    const std::size_t slices =
        std::min(slices_.size(), (rows + slice_rows_min - 1) / slice_rows_min);
    crew_.run(slices, [&](std::size_t number) {
      learn_slice(number, from + rows * number / slices, from + rows * (number + 1) / slices, rows);
    });
    if (stopped()) return;
    step(slices);
    tell(options_, epoch * train_.size() + from + rows, plan_.epochs * train_.size());
  }
}

double Fitting::mean_loss(const std::vector<std::uint32_t>& rows) {
  const std::size_t tasks = (rows.size() + rows_per_task - 1) / rows_per_task;
  std::vector<double> losses(tasks), sums(tasks);
  crew_.run(tasks, [&](std::size_t task) {
    Workspace space;
    std::array<std::uint16_t, block_rows_max> labels{};
    std::array<float, block_rows_max> weights{};
    weights.fill(1);
    const std::size_t to = std::min(rows.size(), (task + 1) * rows_per_task);
    for (std::size_t from = task * rows_per_task; from < to && !stopped(); from += block_rows_) {
      const std::size_t count = std::min(block_rows_, to - from);
      place(space, rows.data() + from, count, false);
      for (std::size_t i = 0; i < count; ++i) {
        labels[i] = set_.labels[rows[from + i]];
        if (!weights_.empty()) weights[i] = weights_[rows[from + i]];
        sums[task] += static_cast<double>(weights[i]);
      }
      network_.forward(space, count, nullptr);
      losses[task] += cross_entropy(network_, space.input(network_.layers().size()), labels.data(),
                                    weights.data(), count, 1, nullptr);
    }
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0) /
         std::max(std::accumulate(sums.begin(), sums.end(), 0.0),
                  std::numeric_limits<double>::min());
}

Result<FittedNetwork> Fitting::run() {
  const Error cancelled{Errc::cancelled, "stopped before it had learned"};
  if (stopped()) return cancelled;
  scale_rows();
  weigh_rows();
  split();
  dropout_seed_ = random_.next();
  const auto& present = network_.present();
  // With a single class the answer is certain before anything is learned.
  const bool certain = std::count(present.begin(), present.end(), 1) == 1;
  Floats best = network_.parameters();
  double best_loss = certain ? 0 : std::numeric_limits<double>::infinity();
  std::uint32_t epoch = 0, best_epoch = 0;
  while (!certain && epoch < plan_.epochs && epoch - best_epoch < plan_.patience) {
    learn_epoch(epoch);
    ++epoch;
    const double loss = stopped() || held_.empty() ? 0 : mean_loss(held_);
    if (stopped()) return cancelled;
    // Without rows to judge by every epoch counts as an improvement.
    if (!held_.empty() && !(loss < best_loss)) continue;
    best_loss = loss;
    best_epoch = epoch;
    best = network_.parameters();
  }
  network_.parameters() = std::move(best);
  if (held_.empty() && !certain) best_loss = mean_loss(train_);
  if (stopped()) return cancelled;
  tell(options_, plan_.epochs * train_.size(), plan_.epochs * train_.size());
  return FittedNetwork{std::move(network_), std::move(scaler_), epoch, best_epoch,
                       static_cast<float>(best_loss)};
}

}  // namespace

Result<FittedNetwork> fit_network(const TrainingSet& set, const FitOptions& options,
                                  const NetworkShape& shape, const NetworkPlan& plan) {
  return Fitting(set, options, shape, plan).run();
}

}  // namespace vedette

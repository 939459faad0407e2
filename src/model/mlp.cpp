/// mlp: a dense network, the multi-layer perceptron (Rosenblatt 1958; learning by back-propagation:
/// Rumelhart, Hinton, Williams 1986).
///
/// A unit sums all its inputs, each times a weight, and passes on what is positive (the rectifier,
/// Nair, Hinton 2010). Units of the first layer cut the space of rows in two, those behind them
/// combine the cuts; the last layer has one unit a class, and softmax, exp(x) / Σ exp(x), turns its
/// sums into probabilities. Learning moves every weight a little against the gradient of the
/// cross-entropy −log p(label) of a mini-batch (network_fit.cpp, network_gradient.hpp).
/// Dropout (Srivastava et al. 2014) switches hidden units off at random while learning, so that
/// none can rely on a single other.
///
/// layers=2000,1500,800,400,150 dropout=0.2 epochs=10 is the network of the published comparisons
/// on IoT-23, 4.7 million weights for flows of 24 columns; the default has 12,000.
#include "model/network_model.hpp"

namespace vedette {

namespace {

Result<std::unique_ptr<Model>> fit_mlp(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("mlp", options);
  const NetworkPlan plan = read_plan(reader, 10, 0.1);
  NetworkShape shape;
  auto hidden =
      read_sizes(reader, options, "layers", "128,64", network_dense_max, network_hidden_max);
  if (const Status status = reader.status(); !status) return status.error();
  if (!hidden) return Error{hidden.error().code, "mlp: " + hidden.error().message};
  shape.hidden = std::move(*hidden);
  shape.columns = static_cast<std::uint32_t>(set.rows.width);
  shape.classes = static_cast<std::uint32_t>(set.classes.size());
  return fit_network_model("mlp", set, options, shape, plan);
}

Result<std::unique_ptr<Model>> load_mlp(ByteReader& in) {
  return load_network_model("mlp", in);
}

}  // namespace

const ModelKind mlp_kind{
    .name = "mlp",
    .summary =
        "dense network (options layers=128,64 epochs batch learning_rate dropout patience "
        "validation_share, class_weight=none|balanced)",
    .record_kind = RecordKind::flow,
    .fit = fit_mlp,
    .load = load_mlp,
    .search = {{"layers", {"64", "128,64", "256,128,64"}},
               {"dropout", {"0", "0.1", "0.3"}},
               {"learning_rate", {"0.0003", "0.001", "0.003"}},
               {"class_weight", {"none", "balanced"}}},
};

}  // namespace vedette

/// cnn: a 1-D convolutional network over the columns of a row (LeCun, Bottou, Bengio, Haffner:
/// Gradient-Based Learning Applied to Document Recognition, 1998).
///
/// A filter is a small pattern of weights, three columns wide, that slides over the row; where the
/// columns look like the pattern its sum is large. The same weights serve every position, so a
/// filter is learned from all of them at once. The rectifier keeps what is positive, max pooling
/// the larger of two neighbours; a second convolution, if asked for, finds patterns of patterns.
/// Dense layers and softmax decide from there as in mlp.cpp. Which columns are neighbours matters
/// here, as it does for no other kind of model: the columns of flows come in groups (sizes,
/// one-hot protocols and states), and filters see within a group.
///
/// filters=32 kernel=3 pool=2 hidden=64 on 24 columns: 28,000 multiplications a row.
#include "model/network_model.hpp"

namespace vedette {

namespace {

Result<std::unique_ptr<Model>> fit_cnn(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("cnn", options);
  const NetworkPlan plan = read_plan(reader, 10, 0.1);
  NetworkShape shape;
  auto filters =
      read_sizes(reader, options, "filters", "32", network_convolutions_max, network_filters_max);
  shape.kernel = reader.count("kernel", 3, 1, network_kernel_max);
  shape.pool = reader.count("pool", 2, 1, network_pool_max);
  auto hidden = read_sizes(reader, options, "hidden", "64", network_dense_max, network_hidden_max);
  if (const Status status = reader.status(); !status) return status.error();
  for (const auto* sizes : {&filters, &hidden}) {
    if (!*sizes) return Error{sizes->error().code, "cnn: " + sizes->error().message};
  }
  shape.filters = std::move(*filters);
  shape.hidden = std::move(*hidden);
  shape.columns = static_cast<std::uint32_t>(set.rows.width);
  shape.classes = static_cast<std::uint32_t>(set.classes.size());
  return fit_network_model("cnn", set, options, shape, plan);
}

Result<std::unique_ptr<Model>> load_cnn(ByteReader& in) {
  return load_network_model("cnn", in);
}

}  // namespace

const ModelKind cnn_kind{
    .name = "cnn",
    .summary =
        "1-D convolutional network (options filters=32 kernel pool hidden=64 epochs batch "
        "learning_rate dropout patience validation_share, class_weight=none|balanced)",
    .record_kind = RecordKind::flow,
    .fit = fit_cnn,
    .load = load_cnn,
    .search = {{"filters", {"16", "32", "64", "32,64"}},
               {"hidden", {"32", "64", "128"}},
               {"dropout", {"0", "0.1", "0.3"}},
               {"learning_rate", {"0.0003", "0.001", "0.003"}}},
};

}  // namespace vedette

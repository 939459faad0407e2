/// NetworkModel: a Network behind the face of model.hpp; what cnn and mlp share.
#pragma once

#include <memory>

#include "model/model.hpp"
#include "model/network_fit.hpp"

namespace vedette {

class NetworkModel final : public Model {
 public:
  NetworkModel(std::string_view kind, FittedNetwork fitted);
  std::string_view kind() const override { return kind_; }
  std::size_t width() const override { return fitted_.network.shape().columns; }
  std::size_t class_count() const override { return fitted_.network.shape().classes; }
  /// Keeps up to 2 MiB per thread for its activations, from the first call on.
  void score(Rows rows, std::span<float> out) const override;
  /// Gradient × input: how far the log-odds of the class rose, to first order, because a column is
  /// where it is and not at its mean (0 for a category). Allocates.
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  std::string describe() const override;
  void save(ByteWriter& out) const override;

 private:
  std::string_view kind_;
  FittedNetwork fitted_;
  std::size_t block_rows_;
};

/// @return corrupt, unsupported: whatever is wrong with the bytes, or a shape of the other kind.
Result<std::unique_ptr<Model>> load_network_model(std::string_view kind, ByteReader& in);

/// Checks set and shape, fits, wraps. Errors start with the kind.
Result<std::unique_ptr<Model>> fit_network_model(std::string_view kind, const TrainingSet& set,
                                                 const FitOptions& options,
                                                 const NetworkShape& shape,
                                                 const NetworkPlan& plan);

}  // namespace vedette

/// ModelDesk: the model files of one folder, and which of them judge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.hpp"

namespace vedette {

class ThresholdDesk;

constexpr std::size_t model_files_max = 1000;

/// What the list says of a model; the model itself is not kept in memory.
struct ModelCard {
  std::string id;
  std::string file;  ///< name in the folder; "" for an active model from elsewhere
  std::string kind;
  RecordKind record_kind = RecordKind::flow;
  std::string created;
  std::vector<std::string> classes;
  std::string split;
  std::string metrics_json;
  Threshold threshold;
  std::string description;
  std::uint64_t bytes = 0;
  bool active = false;
};

/// Thread-safe. Decoded files are cached by name, size and time of change.
class ModelDesk {
 public:
  ModelDesk(const ApiParts& parts, ThresholdDesk& thresholds)
      : parts_(parts), thresholds_(thresholds) {}

  /// By file name; files that are no models are logged once and left out.
  /// @return io (also for more than model_files_max files).
  Result<std::vector<ModelCard>> list();
  /// Checks the bytes, then saves them as <id>.vdm. Uploading the same file twice is harmless.
  /// @return what decode_model and Detector::make say, busy (another model has that id, or the
  /// folder is full), io.
  Result<ModelCard> upload(std::string_view bytes);
  /// The model judges from the next batch on, also after a restart.
  /// @return not_found, what load_model and Detector::make say, what the store returns.
  Result<ModelCard> activate(std::string_view id);

 private:
  struct Known {
    std::filesystem::file_time_type changed;
    std::uint64_t bytes = 0;
    std::optional<ModelCard> card;  // nothing: not a model
  };
  Result<std::vector<ModelCard>> list_locked();
  Known& look_at_file(const std::filesystem::directory_entry& entry);

  const ApiParts& parts_;
  ThresholdDesk& thresholds_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace vedette

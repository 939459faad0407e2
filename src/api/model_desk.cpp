#include "api/model_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "api/threshold_desk.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

namespace fs = std::filesystem;

ModelCard card_of(const ModelFile& file, std::string name, std::uint64_t bytes) {
  return {.id = file.id,
          .file = std::move(name),
          .kind = std::string{file.model->kind()},
          .record_kind = file.schema.record_kind,
          .created = file.created,
          .classes = file.classes,
          .split = file.split,
          .metrics_json = file.metrics_json,
          .threshold = file.threshold,
          .description = file.model->describe(),
          .bytes = bytes,
          .active = false};
}

bool is_active(const DetectorSet& set, const std::string& id) {
  return std::any_of(set.active.begin(), set.active.end(), [&](const auto& detector) {
    return detector != nullptr && detector->file().id == id;
  });
}

/// Ids become file names.
bool is_plain_id(std::string_view id) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !id.empty() && id.size() <= 64 && id.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

ModelDesk::Known& ModelDesk::look_at_file(const fs::directory_entry& entry) {
  std::error_code ignored;
  const std::string name = entry.path().filename().string();
  const auto changed = entry.last_write_time(ignored);
  const std::uint64_t bytes = entry.file_size(ignored);
  const auto found = known_.find(name);
  if (found != known_.end() && found->second.changed == changed && found->second.bytes == bytes) {
    return found->second;
  }
  Known known{changed, bytes, {}};
  if (const auto file = load_model(entry.path(), parts_.kinds)) {
    known.card = card_of(*file, name, bytes);
  } else {
    log::warn("models: {}", file.error().message);
  }
  return known_[name] = std::move(known);
}

Result<std::vector<ModelCard>> ModelDesk::list() {
  const std::lock_guard lock{mutex_};
  return list_locked();
}

Result<std::vector<ModelCard>> ModelDesk::list_locked() {
  std::error_code reason;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator at{parts_.model_folder, reason}, end; !reason && at != end;
       at.increment(reason)) {
    if (at->path().extension() == ".vdm") entries.push_back(*at);
    if (entries.size() > model_files_max) {
      return Error{Errc::io, fmt::format("{} holds more than {} models",
                                         parts_.model_folder.string(), model_files_max)};
    }
  }
  // A folder that was never made holds no models.
  if (reason && reason != std::errc::no_such_file_or_directory) {
    return system_error(parts_.model_folder, reason.value());
  }
  std::sort(entries.begin(), entries.end());
  const auto active = parts_.pipeline.detectors();
  std::vector<ModelCard> cards;
  std::set<std::string> names;
  std::set<std::string> ids;
  for (const auto& entry : entries) {
    names.insert(entry.path().filename().string());
    const Known& known = look_at_file(entry);
    if (!known.card || !ids.insert(known.card->id).second) continue;
    cards.push_back(*known.card);
    cards.back().active = is_active(*active, known.card->id);
  }
  std::erase_if(known_, [&](const auto& known) { return !names.contains(known.first); });
  for (const auto& detector : active->active) {
    if (detector == nullptr || !ids.insert(detector->file().id).second) continue;
    cards.push_back(card_of(detector->file(), "", 0));
    cards.back().active = true;
  }
  return cards;
}

Result<ModelCard> ModelDesk::upload(std::string_view bytes) {
  auto file = decode_model(std::as_bytes(std::span{bytes}), parts_.kinds);
  if (!file) return file.error();
  if (!is_plain_id(file->id)) {
    return Error{Errc::malformed, "the model's id is " + vedette::quoted(file->id)};
  }
  const ModelCard card = card_of(*file, file->id + ".vdm", bytes.size());
  if (const auto detector = Detector::make(std::move(file).value()); !detector) {
    return detector.error();
  }
  const std::lock_guard lock{mutex_};
  const fs::path path = parts_.model_folder / card.file;
  if (const auto there = MappedFile::open(path)) {
    if (there->text() == bytes) return card;
    return Error{Errc::busy, "another model has the id " + card.id};
  }
  const auto cards = list_locked();
  if (!cards) return cards.error();
  if (cards->size() >= model_files_max) {
    return Error{Errc::busy, fmt::format("{} holds {} models already", parts_.model_folder.string(),
                                         model_files_max)};
  }
  std::error_code reason;
  fs::create_directories(parts_.model_folder, reason);
  auto out = AtomicFile::create(path);
  if (!out) return out.error();
  if (Status written = out->write(bytes); !written) return written.error();
  if (Status committed = out->commit(); !committed) return committed.error();
  return card;
}

Result<ModelCard> ModelDesk::activate(std::string_view id) {
  const std::lock_guard lock{mutex_};
  auto cards = list_locked();
  if (!cards) return cards.error();
  const auto card = std::find_if(cards->begin(), cards->end(),
                                 [&](const ModelCard& other) { return other.id == id; });
  if (card == cards->end()) {
    return Error{Errc::not_found, "there is no model " + vedette::quoted(id)};
  }
  if (!card->active) {
    auto file = load_model(parts_.model_folder / card->file, parts_.kinds);
    if (!file) return file.error();
    auto detector = Detector::make(std::move(file).value());
    if (!detector) return detector.error();
    thresholds_.activate(std::move(detector).value());
  }
  // Remembered also when it judges already: it may have been chosen on the command line.
  const Status put = parts_.store.put_setting(
      fmt::format("model.{}.active", name_of(card->record_kind)), card->id);
  if (!put) return put.error();
  card->active = true;
  return *card;
}

}  // namespace vedette

#include "store/sqlite_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vedette::sqlite {

namespace {

std::int64_t signed_of(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

}  // namespace

Status Names::prepare(Connection& db, std::string_view table) {
  Status done = prepare_into(find_, db, fmt::format("SELECT id FROM {} WHERE name = ?", table));
  if (!done) return done;
  return prepare_into(insert_, db,
                      fmt::format("INSERT INTO {} (name) VALUES (?) RETURNING id", table));
}

std::int64_t Names::id_of(std::string_view name) {
  if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
  std::int64_t id = -1;
  if (find_.bind(1, name).step()) {
    id = find_.integer(0);
    find_.reset();
  } else if (find_.failed()) {
    return -1;
  } else if (insert_.bind(1, name).step()) {
    id = insert_.integer(0);
    insert_.reset();
  } else {
    return -1;
  }
  if (ids_.size() >= names_max) ids_.clear();
  ids_.emplace(name, id);
  return id;
}

Status Devices::prepare(Connection& db) {
  Status done = prepare_into(find_, db, "SELECT id FROM devices WHERE name = ?");
  if (!done) return done;
  done = prepare_into(insert_, db,
                      "INSERT INTO devices (name, first_seen, last_seen, flows, readings, "
                      "anomalies) VALUES (?1, ?2, ?2, 0, 0, 0) RETURNING id");
  if (!done) return done;
  done = prepare_into(update_, db,
                      "UPDATE devices SET first_seen = min(first_seen, ?2), "
                      "last_seen = max(last_seen, ?3), flows = flows + ?4, "
                      "readings = readings + ?5, anomalies = anomalies + ?6 WHERE id = ?1");
  if (!done) return done;
  return prepare_into(minute_, db,
                      "INSERT INTO device_minutes VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                      "ON CONFLICT DO UPDATE SET flows = flows + ?3, readings = readings + ?4, "
                      "anomalies = anomalies + ?5, score_max = max(score_max, ?6)");
}

void Devices::trim() {
  if (devices_.size() >= devices_max) forget();
}

void Devices::forget() {
  touched_.clear();
  devices_.clear();
}

Device* Devices::find(std::string_view name, Time received) {
  if (const auto found = devices_.find(name); found != devices_.end()) return &found->second;
  Device device;
  if (find_.bind(1, name).step()) {
    device.id = find_.integer(0);
    find_.reset();
  } else if (find_.failed()) {
    return nullptr;
  } else if (insert_.bind(1, name).bind(2, micros(received)).step()) {
    device.id = insert_.integer(0);
    insert_.reset();
  } else {
    return nullptr;
  }
  return &devices_.emplace(name, device).first->second;
}

bool Devices::count(Device& device, Time received, bool is_flow, bool anomalous, float score) {
  const std::int64_t minute = minute_of(received);
  if (!device.touched) {
    device.touched = true;
    device.first = device.last = received;
    device.total = {};
    device.minute = {minute, {}};
    touched_.push_back(&device);
  } else if (minute != device.minute.minute) {
    if (!write_minute(device)) return false;
    device.minute = {minute, {}};
  }
  device.first = std::min(device.first, received);
  device.last = std::max(device.last, received);
  device.total.add(is_flow, anomalous, score);
  device.minute.tally.add(is_flow, anomalous, score);
  return true;
}

bool Devices::write_minute(Device& device) {
  const Tally& tally = device.minute.tally;
  return minute_.bind(1, device.minute.minute)
      .bind(2, device.id)
      .bind(3, signed_of(tally.flows))
      .bind(4, signed_of(tally.readings))
      .bind(5, signed_of(tally.anomalies))
      .bind(6, static_cast<double>(tally.score_max))
      .run();
}

bool Devices::flush() {
  // In the order of their ids the rows of one minute, and of `devices`, lie side by side.
  std::sort(touched_.begin(), touched_.end(),
            [](const Device* a, const Device* b) { return a->id < b->id; });
  for (Device* device : touched_) {
    const Tally& total = device->total;
    const bool done = write_minute(*device) && update_.bind(1, device->id)
                                                   .bind(2, micros(device->first))
                                                   .bind(3, micros(device->last))
                                                   .bind(4, signed_of(total.flows))
                                                   .bind(5, signed_of(total.readings))
                                                   .bind(6, signed_of(total.anomalies))
                                                   .run();
    if (!done) return false;
    device->touched = false;
  }
  touched_.clear();
  return true;
}

}  // namespace vedette::sqlite

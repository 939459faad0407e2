/// Log lines to stderr through spdlog: "2026-11-23 12:00:00.000 warn  mqtt: …". Thread-safe.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace vedette::log {

enum class Level { debug, info, warn, error };

void set_level(Level level);
void write(Level level, const std::string& line);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace vedette::log

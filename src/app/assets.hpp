/// The dashboard's files, embedded in the program by scripts/embed.py.
#pragma once

#include <span>

#include "api/api.hpp"

namespace vedette {

std::span<const Asset> dashboard_assets();

}  // namespace vedette

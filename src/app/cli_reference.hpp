/// What the command line says of itself, for shells and for man(1): made from the same description
/// that parses it, so neither can lag behind.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.hpp"

namespace vedette {

/// A script that completes subcommands, options and their fixed values. `shell` is bash, zsh or
/// fish. @return not_found for another.
Result<std::string> completion_script(const CLI::App& app, std::string_view shell);

/// The manual page vedette(1), in man(7) macros.
std::string manual_page(const CLI::App& app, std::string_view version);

}  // namespace vedette

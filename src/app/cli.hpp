/// How words on the command line become commands. For main.cpp and cli_*.cpp only.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "app/interrupt.hpp"
#include "app/system_clock.hpp"
#include "base/result.hpp"

namespace vedette {

/// What a command needs from its surroundings.
struct World {
  SystemClock clock;
  Interrupt interrupt;
};

using Command = std::function<Status(World&)>;

/// Adds a subcommand whose options live as long as the returned closure.
template <class Options, class Describe, class Run>
void add_command(CLI::App& parent, const char* name, const char* summary, const char* example,
                 Command& chosen, Describe describe, Run run) {
  CLI::App* sub = parent.add_subcommand(name, summary);
  sub->footer(std::string{"Example:\n  "} + example);
  auto options = std::make_shared<Options>();
  describe(*sub, *options);
  sub->callback([&chosen, options, run] {
    chosen = [options, run](World& world) { return run(*options, world); };
  });
}

/// `vedette simulate`.
void add_simulate(CLI::App& app, Command& chosen);

}  // namespace vedette

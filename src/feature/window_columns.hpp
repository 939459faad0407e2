/// The columns that say what the source did lately, described once for names and values.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "feature/source_state.hpp"

namespace vedette {

/// Shares as they are, all else as logarithms: models that measure distances can use the row too.
template <class Sink>
class WindowColumns {
 public:
  WindowColumns(const WindowFacts& facts, Sink& sink) : facts_(facts), sink_(sink) {}

  void walk() {
    walk_source(facts_.source);
    walk_pair(facts_.pair);
    walk_port(facts_.port);
    sink_.flag("new_destination", facts_.new_destination);
    sink_.flag("new_port", facts_.new_port);
    sink_.flag("new_service", facts_.new_service);
  }

 private:
  void walk_source(const WindowFacts::Source& source) {
    logs({"source_flows_1s", "source_flows_10s", "source_flows_1m", "source_flows_10m"},
         source.flows);
    plain({"source_failed_1s", "source_failed_10s", "source_failed_1m", "source_failed_10m"},
          source.failed);
    logs({"source_destinations_1s", "source_destinations_10s", "source_destinations_1m",
          "source_destinations_10m"},
         source.destinations);
    logs({"source_ports_1s", "source_ports_10s", "source_ports_1m", "source_ports_10m"},
         source.ports);
    plain(
        {"source_repeated_1s", "source_repeated_10s", "source_repeated_1m", "source_repeated_10m"},
        source.repeated);
    plain({"source_fresh_1s", "source_fresh_10s", "source_fresh_1m", "source_fresh_10m"},
          source.fresh);
    logs({"source_out_1s", "source_out_10s", "source_out_1m", "source_out_10m"}, source.out);
    for (const Horizon h : {minute, ten_minutes}) {
      sink_.number(h == minute ? "source_out_in_1m" : "source_out_in_10m",
                   log_of(source.out[h]) - log_of(source.in[h]));
    }
    sink_.number("source_entropy_10m", source.entropy);
  }
  void walk_pair(const WindowFacts::Pair& pair) {
    logs({"pair_flows_1s", "pair_flows_10s", "pair_flows_1m", "pair_flows_10m"}, pair.flows);
    sink_.number("pair_share_10m", pair.share);
    sink_.number("pair_failed_10m", pair.failed);
    sink_.number("pair_repeated_10m", pair.repeated);
    sink_.number("pair_out_in_10m", log_of(pair.out) - log_of(pair.in));
    sink_.number("pair_ports_10m", log_of(pair.ports));
    sink_.number("pair_gap", log_of(pair.gap));
    sink_.number("pair_gap_mean", log_of(pair.gap_mean));
    sink_.number("pair_gap_variation", pair.gap_variation);
    sink_.number("pair_gap_match", pair.gap_match);
  }
  void walk_port(const WindowFacts::Port& port) {
    logs({"port_flows_1s", "port_flows_10s", "port_flows_1m", "port_flows_10m"}, port.flows);
    logs({"port_destinations_1s", "port_destinations_10s", "port_destinations_1m",
          "port_destinations_10m"},
         port.destinations);
    sink_.number("port_share_10m", port.share);
    sink_.number("port_failed_10m", port.failed);
  }

  using Names = std::array<std::string_view, horizons.size()>;
  void logs(const Names& names, const PerHorizon& values) {
    for (std::size_t h = 0; h < horizons.size(); ++h) sink_.number(names[h], log_of(values[h]));
  }
  void plain(const Names& names, const PerHorizon& values) {
    for (std::size_t h = 0; h < horizons.size(); ++h) sink_.number(names[h], values[h]);
  }
  /// log(1 + x). In single precision: 1 ns where log1p takes ten, and counts need no more.
  static float log_of(float value) { return std::log(1 + value); }

  const WindowFacts& facts_;
  Sink& sink_;
};

}  // namespace vedette

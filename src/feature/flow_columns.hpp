/// The columns of a flow, described once: the same walk writes names into a schema and values into
/// a row, so that the two cannot disagree.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "feature/port_shares.hpp"
#include "feature/source_state.hpp"
#include "record/record.hpp"
#include "record/schema.hpp"

namespace vedette {

enum class FlowColumns : std::uint8_t { behaviour, published24, ports, windows };
constexpr std::size_t flow_columns_count = 4;
std::optional<FlowColumns> flow_columns_from(std::string_view name);

/// The names of the columns. `services` are the learned ones, in column order.
Schema flow_schema(FlowColumns columns, std::span<const std::string> services);

/// `facts` are read by the set "windows" only, `ports` by "ports". REQUIRES: row.size() is the
/// width of flow_schema() of the same arguments. Every value written is finite; allocates nothing.
void fill_flow_row(const Flow& flow, const WindowFacts& facts, FlowColumns columns,
                   std::span<const std::string> services, const PortShares& ports,
                   std::span<float> row);

/// What kind of host a textual address names, without saying which.
enum class AddressClass : std::uint8_t { open, home, local, multicast, broadcast };
AddressClass address_class_of(std::string_view address);

}  // namespace vedette

/// The broker as a target of `vedette simulate`: one connection for all or one per device, and the
/// truth beside the stream.
#pragma once

#include "app/simulate_targets.hpp"

namespace vedette {

/// Connected when it returns. @return malformed for a broker's name, out_of_range for more devices
/// than can be connected, unavailable or refused when the broker does not take us, io for labels.
Result<std::unique_ptr<SimulateTarget>> open_broker(const SimulateOptions& options,
                                                    const std::vector<std::string>& devices,
                                                    const MakePublisher& make_publisher);

}  // namespace vedette

/// The service's numbers in Prometheus' text format.
#pragma once

#include <string>

#include "api/api.hpp"

namespace vedette {

std::string metrics_text(const ApiParts& parts, const StoreCounts& counts);

}  // namespace vedette

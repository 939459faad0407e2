/// An exclusion in a request body.
#pragma once

#include "alarm/alarm.hpp"
#include "api/parameters.hpp"

namespace vedette {

/// Everything but id, reason, author and time of making; complains when it names nothing.
Exclusion take_exclusion(Fields& fields);

}  // namespace vedette

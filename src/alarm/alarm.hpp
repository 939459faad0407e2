/// The face of alarm/: when is somebody told?
#pragma once

#include "alarm/alert_fold.hpp"

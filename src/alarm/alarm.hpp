/// The face of alarm/: when is somebody told?
#pragma once

#include "alarm/alarm_fold.hpp"
#include "alarm/alert_fold.hpp"
#include "alarm/exclusions.hpp"

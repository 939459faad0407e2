/// What a change of an alert or an incident looks like outside: the payload on MQTT and the data of
/// a live event.
#pragma once

#include <string>
#include <string_view>

#include "record/verdict.hpp"

namespace vedette {

/// {"event":"raised","alert":{…}}
void append_event_json(std::string& out, const AlertChange& change);
/// {"event":"raised","incident":{…}}
void append_event_json(std::string& out, const IncidentChange& change);

/// A device name as one level of an MQTT topic: '/', '+', '#', '%' and control characters become
/// %XX, so that a name can neither leave its level nor be taken for a wildcard, and two names
/// never share a topic.
std::string topic_level(std::string_view device);

}  // namespace vedette

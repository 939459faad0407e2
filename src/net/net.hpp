/// The face of net/: how we speak MQTT and HTTP. Nothing outside this folder names libmosquitto or
/// libmicrohttpd.
#pragma once

#include "net/event_hub.hpp"
#include "net/http_server.hpp"
#include "net/mqtt.hpp"
#include "net/uri.hpp"

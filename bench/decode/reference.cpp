#include "reference.hpp"

#include <simdjson.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

namespace vedette::reference {

namespace {

double number_or_unset(const std::string& text) {
  return text == "-" || text.empty() ? not_set : std::strtod(text.c_str(), nullptr);
}
std::string text_or_unset(const std::string& text) {
  return text == "-" || text == "(empty)" ? std::string{} : text;
}

using Row = std::map<std::string, std::string>;

Record record_from(Row& row) {
  Record record;
  Flow& flow = record.flow;
  record.time = time_from_seconds(std::strtod(row["ts"].c_str(), nullptr));
  flow.uid = text_or_unset(row["uid"]);
  flow.orig_h = row["id.orig_h"];
  flow.resp_h = row["id.resp_h"];
  flow.orig_p = static_cast<std::uint16_t>(std::strtoul(row["id.orig_p"].c_str(), nullptr, 10));
  flow.resp_p = static_cast<std::uint16_t>(std::strtoul(row["id.resp_p"].c_str(), nullptr, 10));
  flow.proto = proto_from(row["proto"]).value_or(Proto::unset);
  flow.conn_state = conn_state_from(text_or_unset(row["conn_state"])).value_or(ConnState::unset);
  flow.service = text_or_unset(row["service"]);
  flow.history = text_or_unset(row["history"]);
  flow.duration = number_or_unset(row["duration"]);
  flow.orig_bytes = number_or_unset(row["orig_bytes"]);
  flow.resp_bytes = number_or_unset(row["resp_bytes"]);
  flow.missed_bytes = number_or_unset(row["missed_bytes"]);
  flow.orig_pkts = number_or_unset(row["orig_pkts"]);
  flow.orig_ip_bytes = number_or_unset(row["orig_ip_bytes"]);
  flow.resp_pkts = number_or_unset(row["resp_pkts"]);
  flow.resp_ip_bytes = number_or_unset(row["resp_ip_bytes"]);
  record.device = flow.orig_h;
  record.seal();
  return record;
}

std::vector<std::string> cut(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in{line};
  for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
  return cells;
}

}  // namespace

std::vector<Record> zeek_plain(const std::string& log) {
  std::vector<Record> records;
  std::vector<std::string> names;
  std::istringstream in{log};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#fields")) {
      names = cut(line);
      names.erase(names.begin());
    }
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> cells = cut(line);
    Row row;
    for (std::size_t i = 0; i < cells.size() && i < names.size(); ++i) row[names[i]] = cells[i];
    records.push_back(record_from(row));
  }
  return records;
}

std::vector<Record> json_nlohmann(const std::vector<std::string>& lines) {
  std::vector<Record> records;
  for (const std::string& line : lines) {
    const nlohmann::json object = nlohmann::json::parse(line);
    Record record;
    Flow& flow = record.flow;
    const auto text = [&](const char* name) { return object.value(name, std::string{}); };
    const auto number = [&](const char* name) { return object.value(name, not_set); };
    record.time = time_from_seconds(object.at("ts").get<double>());
    flow.uid = text("uid");
    flow.orig_h = text("id.orig_h");
    flow.resp_h = text("id.resp_h");
    flow.orig_p = object.at("id.orig_p").get<std::uint16_t>();
    flow.resp_p = object.at("id.resp_p").get<std::uint16_t>();
    flow.proto = proto_from(text("proto")).value_or(Proto::unset);
    flow.conn_state = conn_state_from(text("conn_state")).value_or(ConnState::unset);
    flow.service = text("service");
    flow.history = text("history");
    flow.duration = number("duration");
    flow.orig_bytes = number("orig_bytes");
    flow.resp_bytes = number("resp_bytes");
    flow.missed_bytes = number("missed_bytes");
    flow.orig_pkts = number("orig_pkts");
    flow.orig_ip_bytes = number("orig_ip_bytes");
    flow.resp_pkts = number("resp_pkts");
    flow.resp_ip_bytes = number("resp_ip_bytes");
    record.device = flow.orig_h;
    record.seal();
    records.push_back(std::move(record));
  }
  return records;
}

namespace {

struct NumberKey {
  std::string_view name;
  double Flow::*member;
};
constexpr std::array<NumberKey, 8> number_keys{{{"duration", &Flow::duration},
                                                {"orig_bytes", &Flow::orig_bytes},
                                                {"resp_bytes", &Flow::resp_bytes},
                                                {"missed_bytes", &Flow::missed_bytes},
                                                {"orig_pkts", &Flow::orig_pkts},
                                                {"orig_ip_bytes", &Flow::orig_ip_bytes},
                                                {"resp_pkts", &Flow::resp_pkts},
                                                {"resp_ip_bytes", &Flow::resp_ip_bytes}}};

void take(std::string_view key, simdjson::ondemand::value value, Record& record) {
  Flow& flow = record.flow;
  const auto text = [&] { return std::string_view{value.get_string()}; };
  const auto port = [&] { return static_cast<std::uint16_t>(std::uint64_t{value.get_uint64()}); };
  if (key == "ts") {
    record.time = time_from_seconds(value.get_double());
  } else if (key == "uid") {
    flow.uid.assign(text());
  } else if (key == "id.orig_h") {
    flow.orig_h.assign(text());
  } else if (key == "id.orig_p") {
    flow.orig_p = port();
  } else if (key == "id.resp_h") {
    flow.resp_h.assign(text());
  } else if (key == "id.resp_p") {
    flow.resp_p = port();
  } else if (key == "proto") {
    flow.proto = proto_from(text()).value_or(Proto::unset);
  } else if (key == "service") {
    flow.service.assign(text());
  } else if (key == "conn_state") {
    flow.conn_state = conn_state_from(text()).value_or(ConnState::unset);
  } else if (key == "history") {
    flow.history.assign(text());
  } else {
    for (const NumberKey& known : number_keys) {
      if (known.name == key) record.flow.*known.member = value.get_double();
    }
  }
}

}  // namespace

std::size_t json_simdjson(const std::vector<std::string>& lines, std::vector<Record>* keep) {
  simdjson::ondemand::parser parser;
  std::string padded;
  Record record;
  std::size_t done = 0;
  for (const std::string& line : lines) {
    padded.assign(line);
    padded.append(simdjson::SIMDJSON_PADDING, ' ');
    record.clear();
    auto document = parser.iterate(padded.data(), line.size(), padded.size());
    for (auto field : document.get_object()) {
      take(std::string_view{field.unescaped_key()}, field.value(), record);
    }
    record.device.assign(record.flow.orig_h);
    record.seal();
    ++done;
    if (keep != nullptr) keep->push_back(record);
  }
  return done;
}

}  // namespace vedette::reference

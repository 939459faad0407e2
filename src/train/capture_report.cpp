/// The report of prepare, for people and for programs.
#include <fmt/format.h>

#include "base/text.hpp"
#include "train/capture_tally.hpp"
#include "train/text_layout.hpp"

namespace vedette {

namespace {

std::string labels_of(const CaptureReport& report) {
  std::string out;
  for (const auto& [label, count] : report.labels) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", printable(label), grouped(count));
  }
  return out.empty() ? "-" : out;
}

std::vector<std::string> row_of(const CaptureReport& report) {
  return {printable(report.capture),  grouped(report.lines),   grouped(report.records),
          grouped(report.unlabelled), grouped(report.dropped), labels_of(report)};
}

void append_drops(std::string& out, const CaptureReport& report) {
  for (const CaptureReport::Drop& drop : report.drops) {
    out += fmt::format("dropped {} of {}: {}, first {}\n", grouped(drop.count),
                       printable(report.capture), drop.code, printable(drop.first_example));
  }
}

void append_json(std::string& out, const CaptureReport& report) {
  out += "{\"capture\":";
  append_json_string(out, report.capture);
  out += fmt::format(R"(,"lines":{},"records":{},"unlabelled":{},"dropped":{},"drops":[)",
                     report.lines, report.records, report.unlabelled, report.dropped);
  for (const CaptureReport::Drop& drop : report.drops) {
    if (out.back() != '[') out += ',';
    out += fmt::format(R"({{"code":"{}","count":{},"first_example":)", drop.code, drop.count);
    append_json_string(out, drop.first_example);
    out += '}';
  }
  out += "],\"labels\":[";
  for (const auto& [label, count] : report.labels) {
    if (out.back() != '[') out += ',';
    out += "{\"label\":";
    append_json_string(out, label);
    out += fmt::format(",\"count\":{}}}", count);
  }
  out += "]}";
}

}  // namespace

std::string to_text(std::span<const CaptureReport> reports) {
  using Align = TextLayout::Align;
  TextLayout table{{{"capture", Align::left},
                    {"lines", Align::right},
                    {"records", Align::right},
                    {"unlabelled", Align::right},
                    {"dropped", Align::right},
                    {"labels", Align::left}}};
  for (const CaptureReport& report : reports) table.add(row_of(report));
  if (reports.size() != 1) table.add(row_of(total_of(reports)));
  std::string out = table.text();
  for (const CaptureReport& report : reports) append_drops(out, report);
  return out;
}

std::string to_json(std::span<const CaptureReport> reports) {
  std::string out = "{\"captures\":[";
  for (const CaptureReport& report : reports) {
    if (out.back() != '[') out += ',';
    append_json(out, report);
  }
  out += "],\"total\":";
  append_json(out, total_of(reports));
  out += '}';
  return out;
}

}  // namespace vedette

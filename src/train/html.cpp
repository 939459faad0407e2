#include "train/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "train/text_layout.hpp"

namespace vedette::html {

namespace {

/// One accent for what runs, one signal for what is strange, as on the dashboard; both schemes.
constexpr std::string_view palette = R"(
:root{color-scheme:light dark;--bg:#f5f7f8;--surface:#fff;--line:#dbe2e6;--ink:#142026;
--ink2:#4d5f68;--ink3:#74858d;--accent:#0f8f79;--alarm:#c8402c;--heat:15,143,121;--miss:200,64,44;
--c0:#0f8f79;--c1:#2b6cd4;--c2:#c8402c;--c3:#a06800;--c4:#7a4fc9;--c5:#b0307a;--c6:#4c7a10;
--c7:#4d5f68}
@media (prefers-color-scheme:dark){:root{--bg:#0b0f12;--surface:#11171b;--line:#26333b;
--ink:#e8eef0;--ink2:#a5b3ba;--ink3:#7d8c94;--accent:#3cc9ad;--alarm:#ff7763;--heat:60,201,173;
--miss:255,119,99;--c0:#3cc9ad;--c1:#6ea8ff;--c2:#ff7763;--c3:#e8b44c;--c4:#b294ff;--c5:#ff7fc0;
--c6:#a3d65c;--c7:#a5b3ba}}
)";

constexpr std::string_view style = R"(
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.5 system-ui,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1180px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:24px;margin:0 0 4px;letter-spacing:-.02em}
h2{font-size:16px;margin:36px 0 12px}
h3{font-size:13px;margin:0 0 8px;font-weight:600}
p{margin:0 0 8px;color:var(--ink2)}
.facts{display:flex;flex-wrap:wrap;gap:6px 22px;color:var(--ink2);margin:0 0 20px}
.facts b{color:var(--ink);font-weight:600}
.panel{background:var(--surface);border:1px solid var(--line);border-radius:10px;padding:16px;
overflow-x:auto}
.grid{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(330px,1fr))}
.grid.wide{grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr))}
.grid.rows{grid-template-columns:1fr}
.warn{border-left:3px solid var(--alarm)}
.warn p:last-child{margin:0}
table{border-collapse:collapse;width:100%}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--ink2);font-weight:500}
th:first-child,td:first-child{text-align:left}
tr:last-child td{border-bottom:0}
td.best{color:var(--accent);font-weight:650}
td.note{text-align:left;white-space:normal;color:var(--ink2)}
.dot{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px}
.matrix td,.matrix th{padding:4px 7px;font-size:12px;text-align:center;border:1px solid var(--line)}
.matrix th:first-child{text-align:left;max-width:170px;overflow:hidden;text-overflow:ellipsis}
.heat td{text-align:center}
.heat td:first-child{text-align:left}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--ink3);font:11px system-ui,sans-serif}
svg .name{fill:var(--ink)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin-top:8px;color:var(--ink2);font-size:12px}
footer{margin-top:40px;color:var(--ink3);font-size:12px}
@media print{body{background:#fff}.panel{break-inside:avoid}}
)";

constexpr double side = 300;  // of the plotting square
constexpr double left = 44;   // room for the numbers at the y axis
constexpr double top = 8;
constexpr double bottom = 40;  // numbers and title of the x axis

double x_of(double x) {
  return left + side * std::clamp(x, 0.0, 1.0);
}
double y_of(double y) {
  return top + side * (1 - std::clamp(y, 0.0, 1.0));
}

std::string axes(std::string_view x_title, std::string_view y_title, const Ticks& ticks) {
  std::string out;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const double at = static_cast<double>(i) / 4.0;
    out += fmt::format(
        R"svg(<path d="M{:.1f} {:.1f}H{:.1f}M{:.1f} {:.1f}V{:.1f}" stroke="var(--line)"/>)svg",
        x_of(0), y_of(at), x_of(1), x_of(at), y_of(0), y_of(1));
    out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)", left - 6,
                       y_of(at) + 4, ticks[i]);
    out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", x_of(at),
                       y_of(0) + 15, ticks[i]);
  }
  out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", x_of(0.5),
                     y_of(0) + 33, escaped(x_title));
  return out + fmt::format(R"svg(<text transform="translate(11 {:.1f}) rotate(-90)")svg"
                           R"( text-anchor="middle">{}</text>)",
                           y_of(0.5), escaped(y_title));
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string colour(std::size_t i) {
  constexpr std::size_t colours = 8;
  return fmt::format("var(--c{})", i % colours);
}

std::string line_plot(std::string_view title, std::string_view x_title, std::string_view y_title,
                      std::span<const Series> series, const Ticks& ticks) {
  std::string out = fmt::format(
      R"(<figure class="panel" style="margin:0"><h3>{}</h3><svg viewBox="0 0 {} {}" role="img" )"
      R"(aria-label="{}">)",
      escaped(title), left + side + 10, top + side + bottom, escaped(title));
  out += axes(x_title, y_title, ticks);
  std::string legend;
  for (const Series& one : series) {
    if (one.points.empty()) continue;
    std::string path;
    for (const CurvePoint& point : one.points) {
      path +=
          fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', x_of(point.x), y_of(point.y));
    }
    out += fmt::format(R"(<path d="{}" fill="none" stroke="{}" stroke-width="2" )"
                       R"(stroke-linejoin="round"><title>{}</title></path>)",
                       path, colour(one.colour), escaped(one.name));
    legend += fmt::format(R"(<span><i class="dot" style="background:{}"></i>{}</span>)",
                          colour(one.colour), escaped(one.name));
  }
  return out + "</svg><div class=\"legend\">" + legend + "</div></figure>";
}

std::string bars(std::span<const Bar> bars) {
  constexpr double row = 22;
  constexpr double name_width = 130;
  constexpr double bar_width = 200;
  double longest = 1e-9;
  for (const Bar& bar : bars) longest = std::max(longest, bar.value);
  std::string out =
      fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" style="max-width:460px">)",
                  name_width + bar_width + 70, row * static_cast<double>(bars.size()) + 4);
  double y = 2;
  for (const Bar& bar : bars) {
    const double width = bar_width * std::max(0.0, bar.value) / longest;
    out += fmt::format(R"(<text class="name" x="{}" y="{}" text-anchor="end">{}</text>)",
                       name_width - 8, y + 14, escaped(bar.name));
    out += fmt::format(R"(<rect x="{}" y="{}" width="{:.1f}" height="14" rx="2" fill="{}"/>)",
                       name_width, y + 3, width, colour(bar.colour));
    out += fmt::format(R"(<text x="{:.1f}" y="{}">{}</text>)", name_width + width + 6, y + 14,
                       escaped(bar.text));
    y += row;
  }
  return out + "</svg>";
}

std::string drawing(double width, double height, std::string_view content) {
  constexpr std::string_view drawn =
      "svg{background:var(--bg);font:12px system-ui,sans-serif}.box{fill:var(--surface);"
      "stroke:var(--line)}.edge{fill:none;stroke:var(--ink3)}text{fill:var(--ink)}"
      ".answer{font-weight:650}.rows{fill:var(--ink2);font-size:11px}";
  return fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" )"
                     R"(viewBox="0 0 {0:.0f} {1:.0f}"><style>{2}{3}</style>{4}</svg>)"
                     "\n",
                     width, height, palette, drawn, content);
}

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>{}</title><style>{}{}</style></head><body><main>{}</main></body></html>\n",
      escaped(title), palette, style, body);
}

}  // namespace vedette::html

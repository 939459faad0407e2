/// A tree model as indented text and as a drawing: root at the top, the share of training rows as
/// the width of a node's bar, its classes as the bar's colours.
#include <fmt/format.h>

#include <algorithm>

#include "train/html.hpp"
#include "train/text_layout.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

class Picture {
 public:
  Picture(const ModelFile& file, std::vector<TreeQuestion> questions, std::uint32_t depth_max)
      : file_(file), questions_(std::move(questions)), depth_max_(depth_max) {}

  std::string text() {
    append_text(0, 0, "");
    return std::move(out_);
  }
  std::string svg();

 private:
  struct Place {
    std::uint32_t node;
    std::uint32_t depth;
    double x;  // in slots: one for each node that is drawn without children
  };

  bool ends(const TreeQuestion& node, std::uint32_t depth) const {
    return node.yes == 0 || depth >= depth_max_;
  }
  std::string question(const TreeQuestion& node) const;
  std::string answer(const TreeQuestion& node) const;
  void append_text(std::uint32_t at, std::uint32_t depth, std::string_view lead);
  double arrange(std::uint32_t at, std::uint32_t depth);
  void draw(const Place& place, double total);
  void draw_edge(const Place& from, const Place& to, std::string_view word);
  double draw_legend(double y);

  const ModelFile& file_;
  std::vector<TreeQuestion> questions_;
  std::uint32_t depth_max_;
  std::string out_;
  std::vector<Place> places_;  // children before parents
  double slots_ = 0;
};

/// A category asks for itself, a number for a bound.
std::string Picture::question(const TreeQuestion& node) const {
  const Column& column = file_.schema.columns[node.column];
  if (column.kind == ColumnKind::categorical) {
    return fmt::format("not {}", printable(column.name));
  }
  return fmt::format("{} ≤ {:.6g}", printable(column.name), node.cut);
}

std::string Picture::answer(const TreeQuestion& node) const {
  const auto top = std::max_element(node.probabilities.begin(), node.probabilities.end());
  const auto k = static_cast<std::size_t>(top - node.probabilities.begin());
  return fmt::format("{} {:.1f} %", printable(file_.classes[k]), 100 * static_cast<double>(*top));
}

void Picture::append_text(std::uint32_t at, std::uint32_t depth, std::string_view lead) {
  const TreeQuestion& node = questions_[at];
  const auto rows = grouped(static_cast<std::uint64_t>(node.rows + 0.5));
  const std::string indent(std::size_t{depth} * 2, ' ');
  if (ends(node, depth)) {
    out_ += fmt::format("{}{}{}  ({} rows{})\n", indent, lead, answer(node), rows,
                        node.yes == 0 ? "" : ", more below");
    return;
  }
  out_ += fmt::format("{}{}{}?  ({} rows)\n", indent, lead, question(node), rows);
  append_text(node.yes, depth + 1, "yes: ");
  append_text(node.no, depth + 1, "no:  ");
}

/// A parent stands above the middle of its children. @return the node's x.
double Picture::arrange(std::uint32_t at, std::uint32_t depth) {
  const TreeQuestion& node = questions_[at];
  double x = 0;
  if (ends(node, depth)) {
    x = slots_++;
  } else {
    const double yes = arrange(node.yes, depth + 1);
    x = (yes + arrange(node.no, depth + 1)) / 2;
  }
  places_.push_back({at, depth, x});
  return x;
}

constexpr double slot_width = 168;
constexpr double level_height = 92;
constexpr double box_width = 156;
constexpr double box_height = 52;

void Picture::draw(const Place& place, double total) {
  const TreeQuestion& node = questions_[place.node];
  const double x = 8 + place.x * slot_width;
  const double y = 8 + place.depth * level_height;
  const bool end = ends(node, place.depth);
  out_ += fmt::format(R"svg(<g transform="translate({:.1f} {:.1f})">)svg"
                      R"(<rect class="box" width="{}" height="{}" rx="7"/>)",
                      x, y, box_width, box_height);
  const std::string text = end ? answer(node) : question(node) + "?";
  constexpr std::size_t shown = 25;
  out_ += fmt::format(R"(<title>{}</title><text x="9" y="19" class="{}">{}</text>)",
                      html::escaped(text), end ? "answer" : "question",
                      html::escaped(shortened(text, shown)));
  out_ += fmt::format(R"(<text x="9" y="34" class="rows">{} rows{}</text>)",
                      grouped(static_cast<std::uint64_t>(node.rows + 0.5)),
                      end && node.yes != 0 ? ", more below" : "");
  double from = 9;
  const double room = (box_width - 18) * std::max(0.04, total > 0 ? node.rows / total : 0);
  for (std::size_t k = 0; k < node.probabilities.size(); ++k) {
    const double width = room * static_cast<double>(node.probabilities[k]);
    if (width <= 0) continue;
    out_ += fmt::format(R"(<rect x="{:.2f}" y="40" width="{:.2f}" height="6" fill="{}"/>)", from,
                        width, html::colour(k));
    from += width;
  }
  out_ += "</g>\n";
}

/// A line from a node down to its child, bent so that it leaves and arrives upright.
void Picture::draw_edge(const Place& from, const Place& to, std::string_view word) {
  const double x = 8 + from.x * slot_width + box_width / 2;
  const double y = 8 + from.depth * level_height + box_height;
  const double to_x = 8 + to.x * slot_width + box_width / 2;
  const double to_y = 8 + to.depth * level_height;
  const double middle = (y + to_y) / 2;
  out_ += fmt::format(
      R"(<path class="edge" d="M{0:.1f} {1:.1f}C{0:.1f} {2:.1f} {3:.1f} {2:.1f} {3:.1f} {4:.1f}"/>)"
      R"(<text class="rows" x="{5:.1f}" y="{6:.1f}" text-anchor="middle">{7}</text>)",
      x, y, middle, to_x, to_y, (x + 3 * to_x) / 4, middle + 10, word);
}

/// The classes and their colours, side by side. @return how far it reaches.
double Picture::draw_legend(double y) {
  double x = 8;
  for (std::size_t k = 0; k < file_.classes.size(); ++k) {
    const std::string name = printable(file_.classes[k]);
    out_ += fmt::format(R"(<rect x="{0:.0f}" y="{1:.0f}" width="9" height="9" fill="{2}"/>)"
                        R"(<text class="rows" x="{3:.0f}" y="{4:.0f}">{5}</text>)",
                        x, y, html::colour(k), x + 13, y + 8, html::escaped(name));
    x += 26 + 6.5 * static_cast<double>(name.size());
  }
  return x;
}

std::string Picture::svg() {
  arrange(0, 0);
  std::uint32_t deepest = 0;
  std::vector<const Place*> place_of(questions_.size(), nullptr);
  for (const Place& place : places_) {
    deepest = std::max(deepest, place.depth);
    place_of[place.node] = &place;
  }
  for (const Place& place : places_) {
    const TreeQuestion& node = questions_[place.node];
    if (ends(node, place.depth)) continue;
    draw_edge(place, *place_of[node.yes], "yes");
    draw_edge(place, *place_of[node.no], "no");
  }
  for (const Place& place : places_) draw(place, questions_[0].rows);
  const double height = 44 + deepest * level_height + box_height;
  const double width =
      std::max(draw_legend(height - 20), 16 + (slots_ - 1) * slot_width + box_width);
  return html::drawing(width, height, out_);
}

Result<std::vector<TreeQuestion>> questions_of(const ModelFile& file) {
  std::vector<TreeQuestion> questions = file.model->questions();
  if (questions.empty()) {
    return Error{Errc::unsupported,
                 fmt::format("{} is a {}: only a tree can be drawn", file.id, file.model->kind())};
  }
  return questions;
}

}  // namespace

Result<std::string> tree_text(const ModelFile& file, std::uint32_t depth_max) {
  auto questions = questions_of(file);
  if (!questions) return questions.error();
  return Picture{file, std::move(*questions), depth_max}.text();
}

Result<std::string> tree_svg(const ModelFile& file, std::uint32_t depth_max) {
  auto questions = questions_of(file);
  if (!questions) return questions.error();
  return Picture{file, std::move(*questions), depth_max}.svg();
}

}  // namespace vedette

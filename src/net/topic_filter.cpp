#include "net/topic_filter.hpp"

#include <optional>
#include <string_view>

namespace vedette {

namespace {

std::string_view without_share(std::string_view filter) {
  constexpr std::string_view share = "$share/";
  if (!filter.starts_with(share)) return filter;
  const std::size_t slash = filter.find('/', share.size());
  return slash == std::string_view::npos ? filter : filter.substr(slash + 1);
}

/// Level by level; nothing behind the last. "a/" has two levels, the second empty.
class Levels {
 public:
  explicit Levels(std::string_view filter) : rest_(filter) {}
  std::optional<std::string_view> next() {
    if (!rest_) return {};
    const std::size_t slash = rest_->find('/');
    const std::string_view level = rest_->substr(0, slash);
    rest_ = slash == std::string_view::npos ? std::optional<std::string_view>{}
                                            : rest_->substr(slash + 1);
    return level;
  }

 private:
  std::optional<std::string_view> rest_;
};

bool is_wildcard(std::string_view level) {
  return level == "+" || level == "#";
}

}  // namespace

bool filters_overlap(std::string_view a, std::string_view b) {
  Levels a_levels{without_share(a)};
  Levels b_levels{without_share(b)};
  for (bool first = true;; first = false) {
    const auto left = a_levels.next();
    const auto right = b_levels.next();
    // "a/#" takes "a" itself too, so '#' goes with whatever is left of the other, even nothing.
    if (!left || !right) return left == right || left == "#" || right == "#";
    if (first && is_wildcard(*left) && right->starts_with('$')) return false;
    if (first && is_wildcard(*right) && left->starts_with('$')) return false;
    if (*left == "#" || *right == "#") return true;
    if (*left != *right && !is_wildcard(*left) && !is_wildcard(*right)) return false;
  }
}

}  // namespace vedette

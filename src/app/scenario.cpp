#include "app/scenario.hpp"

#include <fmt/format.h>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

/// The first thing wrong with the file; later ones are not looked for.
struct Trouble {
  const std::filesystem::path& path;
  std::optional<Error> first{};

  void at(const toml::node& node, Errc code, std::string_view what) {
    if (first) return;
    first =
        Error{code, fmt::format("{} line {}: {}", path.string(), node.source().begin.line, what)};
  }
};

std::string range_of(double low, double high) {
  return fmt::format("from {} to {}", low, high);
}

/// Writes one TOML value into one member, or says what it should have been. One overload for each
/// alternative of Field::Member.
template <class S>
class Assign {
 public:
  Assign(const Field<S>& field, const toml::node& node, S& out, std::string_view title,
         Trouble& trouble)
      : field_(field), node_(node), out_(out), title_(title), trouble_(trouble) {}

  void operator()(std::string S::*member) const {
    const auto value = node_.value_exact<std::string>();
    if (!value) return wanted("a text", Errc::wrong_type);
    out_.*member = *value;
  }
  void operator()(double S::*member) const {
    const auto value = node_.value<double>();
    const bool number = node_.is_number();
    if (!number || !value) return wanted("a number", Errc::wrong_type);
    if (!(*value >= field_.low && *value <= field_.high)) return out_of_range("a number");
    out_.*member = *value;
  }
  void operator()(std::uint64_t S::*member) const {
    const auto value = node_.value_exact<std::int64_t>();
    if (!value) return wanted("a whole number", Errc::wrong_type);
    const auto number = static_cast<double>(*value);
    if (number < field_.low || number > field_.high) return out_of_range("a whole number");
    out_.*member = static_cast<std::uint64_t>(*value);
  }
  void operator()(Duration S::*member) const {
    const auto text = node_.value_exact<std::string>();
    if (!text) return wanted("a duration like \"90s\" or \"10m\"", Errc::wrong_type);
    const Result<Duration> duration = parse_duration(*text);
    if (!duration) return wanted("a duration like \"90s\" or \"10m\"", duration.error().code);
    const double seconds = static_cast<double>(duration->count()) / 1e6;
    if (seconds < field_.low || seconds > field_.high) return out_of_range("a duration");
    out_.*member = *duration;
  }
  void operator()(Time S::*member) const {
    const auto text = node_.value_exact<std::string>();
    if (!text) return wanted("a time like \"2026-01-05T08:00:00Z\"", Errc::wrong_type);
    const Result<Time> time = parse_time(*text);
    if (!time) return wanted("a time like \"2026-01-05T08:00:00Z\"", time.error().code);
    out_.*member = *time;
  }
  void operator()(std::vector<std::string> S::*member) const {
    const toml::array* array = node_.as_array();
    if (array == nullptr || !(array->empty() || array->is_homogeneous<std::string>())) {
      return wanted("a list of texts", Errc::wrong_type);
    }
    (out_.*member).clear();
    for (const auto& item : *array) (out_.*member).push_back(**item.as_string());
  }

 private:
  void wanted(std::string_view what, Errc code) const {
    trouble_.at(node_, code, fmt::format("{}{} must be {}", title_, field_.name, what));
  }
  void out_of_range(std::string_view what) const {
    const bool time = std::holds_alternative<Duration S::*>(field_.member);
    const auto text = [](double seconds) {
      return duration_text(Duration{static_cast<std::int64_t>(seconds * 1e6)});
    };
    const std::string range =
        time ? fmt::format("from {} to {}", text(field_.low), text(field_.high))
             : range_of(field_.low, field_.high);
    wanted(fmt::format("{} {}", what, range), Errc::out_of_range);
  }

  const Field<S>& field_;
  const toml::node& node_;
  S& out_;
  std::string_view title_;
  Trouble& trouble_;
};

/// Fills `out` from a table: every key must be a field of S or one of `parts`.
template <class S>
void read_table(const toml::table& table, std::string_view title, S& out, Trouble& trouble,
                std::initializer_list<std::string_view> parts = {}) {
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    if (std::find(parts.begin(), parts.end(), name) != parts.end()) continue;
    const auto all = fields<S>();
    const auto field =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    if (field == all.end()) {
      std::vector<std::string_view> known;
      for (const auto& one : all) known.push_back(one.name);
      known.insert(known.end(), parts.begin(), parts.end());
      trouble.at(
          node, Errc::unsupported,
          fmt::format("{}no key {}; there are {}", title, vedette::quoted(name), listed(known)));
      continue;
    }
    std::visit(Assign<S>(*field, node, out, title, trouble), field->member);
  }
}

/// Calls `each` with every table of an array of tables ([[name]]).
template <class Each>
void for_each_table(const toml::table& parent, std::string_view name, std::size_t count_max,
                    Trouble& trouble, Each each) {
  const toml::node* node = parent.get(name);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr || !(array->empty() || array->is_array_of_tables())) {
    return trouble.at(*node, Errc::wrong_type, fmt::format("write [[{}]] for each", name));
  }
  if (array->size() > count_max) {
    return trouble.at(*node, Errc::too_large,
                      fmt::format("at most {} [[{}]], not {}", count_max, name, array->size()));
  }
  std::size_t number = 0;
  for (const auto& item : *array) {
    each(*item.as_table(), fmt::format("[[{}]] {}: ", name, ++number));
  }
}

/// Puts `part` in the place of the one that `same` finds, or at the end.
template <class Part, class Same>
void replace_or_add(std::vector<Part>& parts, Part part, Same same) {
  const auto found = std::find_if(parts.begin(), parts.end(), same);
  if (found == parts.end()) {
    parts.push_back(std::move(part));
  } else {
    *found = std::move(part);
  }
}

/// The profile it starts from: `like`, or an empty one.
Profile start_of_profile(const toml::table& table, const FleetPlan& plan, std::string_view title,
                         Trouble& trouble) {
  const toml::node* node = table.get("like");
  const auto like = node == nullptr ? std::nullopt : node->value_exact<std::string>();
  if (!like) return {};
  if (const Profile* found = find_profile(plan, *like)) return *found;
  std::vector<std::string_view> known;
  for (const Profile& one : built_in_profiles()) known.push_back(one.name);
  for (const Profile& one : plan.profiles) known.push_back(one.name);
  trouble.at(*node, Errc::not_found,
             fmt::format("{}no profile {} to be like; there are {}", title, vedette::quoted(*like),
                         listed(known)));
  return {};
}

/// Paths count from the scenario's folder.
void load_learned(Profile& profile, const toml::node& node, Trouble& trouble) {
  const std::filesystem::path path =
      (trouble.path.parent_path() / profile.learned_from).lexically_normal();
  Result<LearnedProfile> loaded = LearnedProfile::load(path);
  if (!loaded) return trouble.at(node, loaded.error().code, loaded.error().message);
  profile.learned_from = path.string();
  profile.learned = std::move(loaded).value();
}

/// A group may name a learned profile's file in the place of a profile.
void load_learned_groups(const toml::table& root, FleetPlan& plan, Trouble& trouble) {
  for (Group& group : plan.groups) {
    if (!group.profile.ends_with(".vdp")) continue;
    Profile profile;
    profile.name = std::filesystem::path{group.profile}.stem().string();
    profile.purpose = "learned from a capture";
    profile.learned_from = std::exchange(group.profile, profile.name);
    const auto same = [&](const Profile& one) { return one.name == profile.name; };
    if (std::any_of(plan.profiles.begin(), plan.profiles.end(), same)) continue;
    load_learned(profile, *root.get("group"), trouble);
    plan.profiles.push_back(std::move(profile));
  }
}

void read_profile(const toml::table& table, const std::string& title, FleetPlan& plan,
                  Trouble& trouble) {
  Profile profile = start_of_profile(table, plan, title, trouble);
  profile.name.clear();
  read_table(table, title, profile, trouble, {"habit", "sensor"});
  if (table.contains("learned")) load_learned(profile, *table.get("learned"), trouble);
  for_each_table(table, "habit", Profile::habits_max, trouble,
                 [&](const toml::table& part, const std::string& part_title) {
                   Habit habit;
                   read_table(part, title + part_title, habit, trouble);
                   const std::string task = habit.task;
                   replace_or_add(profile.habits, std::move(habit),
                                  [&](const Habit& one) { return one.task == task; });
                 });
  for_each_table(table, "sensor", Profile::sensors_max, trouble,
                 [&](const toml::table& part, const std::string& part_title) {
                   Sensor sensor;
                   const toml::node* named = part.get("name");
                   const auto name =
                       named == nullptr ? std::nullopt : named->value_exact<std::string>();
                   const auto known =
                       std::find_if(profile.sensors.begin(), profile.sensors.end(),
                                    [&](const Sensor& one) { return name && one.name == *name; });
                   if (known != profile.sensors.end()) sensor = *known;
                   read_table(part, title + part_title, sensor, trouble);
                   const std::string is = sensor.name;
                   replace_or_add(profile.sensors, std::move(sensor),
                                  [&](const Sensor& one) { return one.name == is; });
                 });
  const std::string name = profile.name;
  const bool twice = std::any_of(plan.profiles.begin(), plan.profiles.end(),
                                 [&](const Profile& one) { return one.name == name; });
  if (twice) {
    trouble.at(table, Errc::mismatch,
               fmt::format("{}there are two profiles {}", title, vedette::quoted(name)));
  }
  plan.profiles.push_back(std::move(profile));
}

/// Reads one struct of fields alone from every [[name]].
template <class S>
void read_parts(const toml::table& root, std::string_view name, std::size_t count_max,
                std::vector<S>& out, Trouble& trouble) {
  for_each_table(root, name, count_max, trouble,
                 [&](const toml::table& table, const std::string& title) {
                   read_table(table, title, out.emplace_back(), trouble);
                 });
}

}  // namespace

Result<FleetPlan> parse_scenario(std::string_view text, const std::filesystem::path& path) try {
  const toml::table root = toml::parse(text, path.string());
  FleetPlan plan;
  Trouble trouble{path};
  read_table(root, "", plan, trouble, {"profile", "group", "episode"});
  for_each_table(root, "profile", FleetPlan::profiles_max, trouble,
                 [&](const toml::table& table, const std::string& title) {
                   read_profile(table, title, plan, trouble);
                 });
  read_parts(root, "group", FleetPlan::groups_max, plan.groups, trouble);
  read_parts(root, "episode", FleetPlan::episodes_max, plan.episodes, trouble);
  if (!trouble.first) load_learned_groups(root, plan, trouble);
  if (trouble.first) return *trouble.first;
  if (!plan.groups.empty() && root.contains("devices")) {
    return Error{Errc::mismatch,
                 fmt::format("{} line {}: devices says how many of all profiles; with [[group]] "
                             "each group has its count",
                             path.string(), root.get("devices")->source().begin.line)};
  }
  if (const Status fits = check(plan); !fits) {
    return Error{fits.error().code, fmt::format("{}: {}", path.string(), fits.error().message)};
  }
  return plan;
} catch (const toml::parse_error& wrong) {
  return Error{Errc::malformed, fmt::format("{} line {}: {}", path.string(),
                                            wrong.source().begin.line, wrong.description())};
}

Result<FleetPlan> load_scenario(const std::filesystem::path& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  constexpr std::size_t scenario_bytes_max = std::size_t{4} << 20U;
  if (file->text().size() > scenario_bytes_max) {
    return Error{Errc::too_large, fmt::format("{}: a scenario has at most 4 MiB, not {} bytes",
                                              path.string(), file->text().size())};
  }
  return parse_scenario(file->text(), path);
}

}  // namespace vedette

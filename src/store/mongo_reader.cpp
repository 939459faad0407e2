#include "store/mongo_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

constexpr std::size_t page_max = 1'000;

std::size_t page_size(std::size_t limit) {
  return std::clamp<std::size_t>(limit, 1, page_max);
}

/// One document more than the page says whether there is a next page.
Doc newest_first(std::size_t limit) {
  Doc options;
  Doc sort;
  sort.set("_id", -1);
  options.set("sort", sort).set("limit", std::uint64_t{limit + 1});
  return options;
}

Error bad_cursor(std::string_view cursor) {
  return Error{Errc::malformed, fmt::format("cursor {}", vedette::quoted(cursor))};
}

Result<std::int64_t> id_before(std::string_view cursor) {
  if (cursor.empty()) return std::numeric_limits<std::int64_t>::max();
  const auto id = parse_integer<std::int64_t>(cursor);
  if (!id) return bad_cursor(cursor);
  return *id;
}

Doc batches_of(const Visible& visible) {
  Doc batches;
  batches.set("$lte", visible.committed);
  if (!visible.tried.empty()) batches.set_array("$nin", visible.tried);
  return batches;
}

Result<Doc> filter_of(const VerdictQuery& query, const Visible& visible) {
  Doc ids;
  if (query.from) ids.set("$gte", id_from(*query.from));
  std::string below = query.to ? id_from(*query.to) : "";
  if (!query.before.empty()) {
    const auto key = key_from_text(query.before);
    if (!key) return bad_cursor(query.before);
    const std::string cursor = id_of(*key);
    below = below.empty() ? cursor : std::min(below, cursor);
  }
  if (!below.empty()) ids.set("$lt", below);
  Doc filter;
  if (!query.device.empty()) filter.set("device", query.device);
  if (query.kind) filter.set("kind", name_of(*query.kind));
  if (query.anomalous) filter.set("anomalous", *query.anomalous);
  if (!query.label.empty()) filter.set("label", query.label);
  if (!ids.empty()) filter.set("_id", ids);
  filter.set("batch", batches_of(visible));
  return filter;
}

}  // namespace

Result<Page<Judged>> find_verdicts(const Client& client, const VerdictQuery& query,
                                   const Visible& visible) {
  const Result<Doc> filter = filter_of(query, visible);
  if (!filter) return filter.error();
  const std::size_t limit = page_size(query.limit);
  Page<Judged> page;
  Status done = client.find(
      collection::verdicts, *filter, newest_first(limit),
      [&page](const View& document) { return read_judged(document, page.items.emplace_back()); });
  if (!done) return done.error();
  if (page.items.size() > limit) {
    page.items.pop_back();
    page.next = to_text(page.items.back().record.key);
  }
  return page;
}

Result<std::optional<Judged>> find_verdict(const Client& client, RecordKey key,
                                           const Visible& visible) {
  Doc filter;
  filter.set("_id", id_of(key));
  std::optional<Judged> found;
  Status done = client.find(collection::verdicts, filter, {}, [&](const View& document) {
    const std::int64_t batch = document.integer("batch");
    if (batch > static_cast<std::int64_t>(visible.committed) ||
        std::find(visible.tried.begin(), visible.tried.end(), batch) != visible.tried.end()) {
      return Status{};
    }
    return read_judged(document, found.emplace());
  });
  if (!done) return done.error();
  return found;
}

Result<Page<Alert>> find_alerts(const Client& client, const AlertQuery& query) {
  const Result<std::int64_t> before = id_before(query.before);
  if (!before) return before.error();
  Doc filter;
  if (!query.device.empty()) filter.set("device", query.device);
  if (query.open) filter.set("open", *query.open);
  if (query.acknowledged) filter.set("acknowledged", *query.acknowledged);
  Doc ids;
  ids.set("$lt", *before);
  filter.set("_id", ids);
  const std::size_t limit = page_size(query.limit);
  Page<Alert> page;
  Status done = client.find(collection::alerts, filter, newest_first(limit),
                            [&page](const View& document) -> Status {
                              Result<Alert> alert = read_alert(document);
                              if (!alert) return alert.error();
                              page.items.push_back(std::move(*alert));
                              return {};
                            });
  if (!done) return done.error();
  if (page.items.size() > limit) {
    page.items.pop_back();
    page.next = std::to_string(page.items.back().id);
  }
  return page;
}

Result<std::optional<Alert>> find_alert(const Client& client, std::uint64_t id) {
  Doc filter;
  filter.set("_id", id);
  std::optional<Alert> found;
  Status done =
      client.find(collection::alerts, filter, {}, [&found](const View& document) -> Status {
        Result<Alert> alert = read_alert(document);
        if (!alert) return alert.error();
        found = std::move(*alert);
        return {};
      });
  if (!done) return done.error();
  return found;
}

Result<Page<Quarantined>> find_quarantined(const Client& client, std::string_view before,
                                           std::size_t limit, std::uint64_t last,
                                           std::size_t kept_max) {
  const Result<std::int64_t> asked = id_before(before);
  if (!asked) return asked.error();
  const auto end = std::min(*asked, static_cast<std::int64_t>(last) + 1);
  const auto begin = static_cast<std::int64_t>(last) - static_cast<std::int64_t>(kept_max);
  Doc ids;
  ids.set("$lt", end).set("$gt", begin);
  Doc filter;
  filter.set("_id", ids);
  limit = page_size(limit);
  Page<Quarantined> page;
  std::int64_t last_id = 0;
  Status done =
      client.find(collection::quarantine, filter, newest_first(limit), [&](const View& document) {
        if (page.items.size() == limit) {
          page.next = std::to_string(last_id);
        } else {
          page.items.push_back(read_quarantined(document));
          last_id = document.integer("_id");
        }
        return Status{};
      });
  if (!done) return done.error();
  return page;
}

Result<Page<Judged>> find_arrivals(const Client& client, std::string_view after, std::size_t limit,
                                   const Visible& visible) {
  Doc filter;
  Doc batches = batches_of(visible);
  if (!after.empty()) {
    const std::size_t blank = std::min(after.find(' '), after.size());
    const auto batch = parse_integer<std::int64_t>(after.substr(0, blank));
    if (!batch || blank == after.size()) return bad_cursor(after);
    Doc later;
    Doc ids;
    std::vector<Doc> either(2);
    later.set("$gt", *batch);
    ids.set("$gt", after.substr(blank + 1));
    either[0].set("batch", later);
    either[1].set("batch", *batch).set("_id", ids);
    batches.set("$gte", *batch);
    filter.set_array("$or", either);
  }
  filter.set("batch", batches);
  Doc sort;
  sort.set("batch", 1).set("_id", 1);
  Doc options;
  options.set("sort", sort).set("limit", std::uint64_t{limit});
  Page<Judged> page;
  std::string last;
  Status done = client.find(collection::verdicts, filter, options, [&](const View& document) {
    last = fmt::format("{} {}", document.count("batch"), document.text("_id"));
    return read_judged(document, page.items.emplace_back());
  });
  if (!done) return done.error();
  if (page.items.size() == limit) page.next = last;
  return page;
}

Status count_open_alerts(const Client& client, std::vector<DeviceSummary>& devices) {
  std::unordered_map<std::string, std::uint64_t> open;
  Doc filter;
  filter.set("open", true);
  Doc fields;
  fields.set("device", 1);
  Doc options;
  options.set("projection", fields);
  Status done = client.find(collection::alerts, filter, options, [&open](const View& document) {
    ++open[std::string{document.text("device")}];
    return Status{};
  });
  for (DeviceSummary& device : devices) device.open_alerts = open[device.device];
  return done;
}

}  // namespace vedette::mongo

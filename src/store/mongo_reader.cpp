#include "store/mongo_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/mongo_questions.hpp"
#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

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

}  // namespace vedette::mongo

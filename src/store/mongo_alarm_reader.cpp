/// Questions about alerts, incidents and exclusions.
#include <set>
#include <unordered_map>

#include "store/mongo_questions.hpp"
#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

constexpr const char* given_exclusions = "exclusions";

Doc id_filter(std::uint64_t id) {
  Doc filter;
  filter.set("_id", id);
  return filter;
}

/// Incidents with an alert of that device.
Result<std::vector<std::int64_t>> incidents_of(const Client& client, const std::string& device,
                                               std::int64_t before) {
  Doc filter;
  Doc bound;
  bound.set("$gt", 0).set("$lt", before);
  filter.set("device", device).set("incident", bound);
  Doc fields;
  fields.set("incident", 1);
  Doc options;
  options.set("projection", fields);
  std::set<std::int64_t> ids;
  Status done = client.find(collection::alerts, filter, options, [&ids](const View& document) {
    ids.insert(document.integer("incident"));
    return Status{};
  });
  if (!done) return done.error();
  return std::vector<std::int64_t>{ids.begin(), ids.end()};
}

Result<Doc> filter_of(const Client& client, const IncidentQuery& query) {
  const Result<std::int64_t> before = id_before(query.before);
  if (!before) return before.error();
  Doc ids;
  ids.set("$lt", *before);
  if (!query.device.empty()) {
    const auto of_device = incidents_of(client, query.device, *before);
    if (!of_device) return of_device.error();
    ids.set_array("$in", *of_device);
  }
  Doc filter;
  filter.set("_id", ids);
  if (query.nature) filter.set("nature", name_of(*query.nature));
  if (query.open) filter.set("open", *query.open);
  if (query.acknowledged) filter.set("acknowledged", *query.acknowledged);
  return filter;
}

/// The last id that was given to an exclusion: none is given twice.
Result<std::uint64_t> last_exclusion(const Client& client) {
  Doc filter;
  filter.set("_id", given_exclusions);
  std::uint64_t last = 0;
  Status done = client.find(collection::stamp, filter, {}, [&last](const View& document) {
    last = document.count("last");
    return Status{};
  });
  if (!done) return done.error();
  return last;
}

Status put_last_exclusion(const Client& client, std::uint64_t last) {
  std::vector<Change> changes(1);
  changes[0].filter.set("_id", given_exclusions);
  Doc fields;
  fields.set("last", last);
  changes[0].update.set("$set", fields);
  return client.upsert(collection::stamp, changes);
}

/// Counts the records that each exclusion marked.
Status count_hidden(const Client& client, std::vector<Exclusion>& exclusions,
                    const Visible& visible) {
  if (exclusions.empty()) return {};
  std::vector<std::int64_t> ids;
  for (const Exclusion& one : exclusions) ids.push_back(static_cast<std::int64_t>(one.id));
  Doc excluded;
  excluded.set_array("$in", ids);
  Doc match;
  match.set("excluded", excluded).set("batch", batches_of(visible));
  Doc one;
  one.set("$sum", 1);
  Doc group;
  group.set("_id", "$excluded").set("records", one);
  std::vector<Doc> steps(2);
  steps[0].set("$match", match);
  steps[1].set("$group", group);
  Doc cursor;
  cursor.set("batchSize", std::uint64_t{ExclusionSet::exclusions_max});
  Doc command;
  command.set("aggregate", collection::verdicts).set_array("pipeline", steps).set("cursor", cursor);
  const Result<Doc> reply = client.ask(command);
  if (!reply) return reply.error();
  std::unordered_map<std::uint64_t, std::uint64_t> records;
  for (const View& item : reply->view().document("cursor").array("firstBatch")) {
    records[item.count("_id")] = item.count("records");
  }
  for (Exclusion& exclusion : exclusions) exclusion.hidden = records[exclusion.id];
  return {};
}

}  // namespace

Result<Page<Alert>> find_alerts(const Client& client, const AlertQuery& query) {
  const Result<std::int64_t> before = id_before(query.before);
  if (!before) return before.error();
  Doc filter;
  if (!query.device.empty()) filter.set("device", query.device);
  if (query.nature) filter.set("nature", name_of(*query.nature));
  if (query.incident > 0) filter.set("incident", query.incident);
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

Result<Page<Incident>> find_incidents(const Client& client, const IncidentQuery& query) {
  const Result<Doc> filter = filter_of(client, query);
  if (!filter) return filter.error();
  const std::size_t limit = page_size(query.limit);
  Doc options = newest_first(limit);
  if (query.by_rank) {
    Doc sort;
    sort.set("rank", -1).set("_id", -1);
    options = Doc{};
    options.set("sort", sort).set("limit", std::uint64_t{limit + 1});
  }
  Page<Incident> page;
  Status done = client.find(collection::incidents, *filter, options, [&page](const View& document) {
    page.items.push_back(read_incident(document));
    return Status{};
  });
  if (!done) return done.error();
  if (page.items.size() > limit) {
    page.items.pop_back();
    if (!query.by_rank) page.next = std::to_string(page.items.back().id);
  }
  return page;
}

Result<std::optional<Incident>> find_incident(const Client& client, std::uint64_t id) {
  std::optional<Incident> found;
  Status done =
      client.find(collection::incidents, id_filter(id), {}, [&found](const View& document) {
        found = read_incident(document);
        return Status{};
      });
  if (!done) return done.error();
  return found;
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

Result<std::vector<Exclusion>> find_exclusions(const Client& client, const Visible& visible) {
  std::vector<Exclusion> exclusions;
  Status done = client.find(collection::exclusions, {}, newest_first(ExclusionSet::exclusions_max),
                            [&exclusions](const View& document) {
                              exclusions.push_back(read_exclusion(document));
                              return Status{};
                            });
  if (done) done = count_hidden(client, exclusions, visible);
  if (!done) return done.error();
  return exclusions;
}

Result<std::uint64_t> put_exclusion(const Client& client, const Exclusion& exclusion) {
  const auto kept = find_exclusions(client, {});
  if (!kept) return kept.error();
  if (kept->size() >= ExclusionSet::exclusions_max) {
    return Error{Errc::too_large, fmt::format("there are {} exclusions already: delete some",
                                              ExclusionSet::exclusions_max)};
  }
  const auto last = last_exclusion(client);
  if (!last) return last.error();
  Exclusion made = exclusion;
  made.id = *last + 1;
  // The number first: cut short here, one number is missing.
  if (Status done = put_last_exclusion(client, made.id); !done) return done.error();
  std::vector<Doc> documents;
  documents.push_back(exclusion_document(made));
  const auto there = client.insert(collection::exclusions, documents);
  if (!there) return there.error();
  return made.id;
}

Status drop_exclusion(const Client& client, std::uint64_t id) {
  const auto gone = client.erase(collection::exclusions, id_filter(id));
  if (!gone) return gone.error();
  if (*gone == 0) return Error{Errc::not_found, fmt::format("no exclusion {}", id)};
  return {};
}

Status adopt_exclusions(const Client& client, const std::vector<Exclusion>& exclusions) {
  if (exclusions.empty()) return {};
  const auto last = last_exclusion(client);
  if (!last) return last.error();
  std::uint64_t given = *last;
  std::vector<Doc> documents;
  for (const Exclusion& one : exclusions) {
    documents.push_back(exclusion_document(one));
    given = std::max(given, one.id);
  }
  if (Status done = put_last_exclusion(client, given); !done) return done;
  const auto there = client.insert(collection::exclusions, documents);
  if (!there) return there.error();
  return {};
}

}  // namespace vedette::mongo

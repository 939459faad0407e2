#include <fmt/format.h>

#include <algorithm>

#include "app/commands.hpp"
#include "app/tables.hpp"
#include "base/hash.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "store/transfer.hpp"

namespace vedette {

namespace {

constexpr std::size_t page_records = 2'000;
constexpr std::size_t page_rows = 1'000;
constexpr std::size_t audit_rows_max = 100'000;
// Where a copy stands, kept in the store it fills.
constexpr std::string_view source_setting = "migrate.source";
constexpr std::string_view cursor_setting = "migrate.cursor";

/// A store with both of its faces.
struct Side {
  std::unique_ptr<Store> store;
  Transfer* transfer = nullptr;
};

Result<Side> open_side(const std::string& uri) {
  // Retention is the service's: nothing expires while it is copied.
  Retention retention;
  retention.age_max = std::chrono::hours{24 * 365 * 30};
  retention.quarantine_max = 10'000'000;
  auto store = open_store(uri, retention);
  if (!store) return store.error();
  Side side{std::move(*store), nullptr};
  side.transfer = dynamic_cast<Transfer*>(side.store.get());
  expects(side.transfer != nullptr, "every store there is can be copied");
  return side;
}

/// A number of things and a checksum of them in which their order does not matter.
struct Sum {
  std::uint64_t count = 0;
  std::uint64_t checksum = 0;

  void add(std::string_view text) {
    ++count;
    checksum += hash64(text);
  }
  friend bool operator==(const Sum&, const Sum&) = default;
};

/// The parts of a store, in the order they are copied.
enum Part {
  verdicts,
  alerts,
  incidents,
  exclusions,
  quarantine,
  users,
  tokens,
  audit,
  settings,
  part_count
};
constexpr std::string_view part_names[] = {"verdicts",   "alerts",     "incidents",
                                           "exclusions", "quarantine", "users",
                                           "tokens",     "audit",      "settings"};
using Sums = std::array<Sum, part_count>;

/// Calls `take` for each page of records, in order of arrival.
template <class Take>
Status each_arrival(const Transfer& from, std::string cursor, std::stop_token stop, Take&& take) {
  do {
    if (stop.stop_requested()) return Error{Errc::cancelled, "stopped; run it again to go on"};
    auto page = from.records(cursor, page_records);
    if (!page) return page.error();
    cursor = page->next;
    if (Status done = take(page->items, cursor); !done) return done;
  } while (!cursor.empty());
  return {};
}

template <class Take>
Status each_alert(const Store& from, Take&& take) {
  AlertQuery query;
  query.limit = page_rows;
  do {
    const auto page = from.alerts(query);
    if (!page) return page.error();
    query.before = page->next;
    if (Status done = take(page->items); !done) return done;
  } while (!query.before.empty());
  return {};
}

template <class Take>
Status each_incident(const Store& from, Take&& take) {
  IncidentQuery query;
  query.limit = page_rows;
  do {
    const auto page = from.incidents(query);
    if (!page) return page.error();
    query.before = page->next;
    if (Status done = take(page->items); !done) return done;
  } while (!query.before.empty());
  return {};
}

/// All that is kept, oldest first.
Result<std::vector<Quarantined>> all_quarantined(const Store& from) {
  std::vector<Quarantined> all;
  std::string before;
  do {
    auto page = from.quarantined(before, page_rows);
    if (!page) return page.error();
    std::move(page->items.begin(), page->items.end(), std::back_inserter(all));
    before = page->next;
  } while (!before.empty());
  std::reverse(all.begin(), all.end());
  return all;
}

Result<std::vector<AuditEntry>> all_audit(const Store& from) {
  auto all = from.audit(audit_rows_max);
  if (all) std::reverse(all->begin(), all->end());
  return all;
}

/// Of the users given, oldest first: an old one never drives out a new one.
Result<std::vector<Token>> all_tokens(const Store& from, const std::vector<User>& people) {
  std::vector<Token> all;
  for (const User& user : people) {
    auto tokens = from.tokens(user.name);
    if (!tokens) return tokens.error();
    std::move(tokens->begin(), tokens->end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Token& a, const Token& b) { return a.created < b.created; });
  return all;
}

/// Without what says where a copy stands.
Result<std::map<std::string, std::string>> all_settings(const Transfer& from) {
  auto all = from.settings();
  if (all) {
    all->erase(std::string{source_setting});
    all->erase(std::string{cursor_setting});
  }
  return all;
}

Status copy_verdicts(const Side& from, const Side& to, std::stop_token stop) {
  const auto cursor = to.store->setting(cursor_setting);
  if (!cursor) return cursor.error();
  const auto before = to.store->counts();
  const auto all = from.store->counts();
  if (!before) return before.error();
  if (!all) return all.error();
  Progress progress{"records", all->flows + all->readings};
  if (!cursor->empty()) progress.advance(before->flows + before->readings);
  Batch batch{page_records};
  return each_arrival(*from.transfer, *cursor, stop,
                      [&](std::vector<Judged>& items, const std::string& next) {
                        batch.reset();
                        for (Judged& judged : items) batch.add() = std::move(judged);
                        const Time now = batch.empty() ? Time{} : batch[batch.size() - 1].received;
                        if (Status done = to.transfer->adopt(batch, {}, now); !done) return done;
                        progress.advance(batch.size());
                        return to.store->put_setting(cursor_setting, next);
                      });
}

Status copy_alarms(const Side& from, const Side& to) {
  Batch nothing{1};
  Status done = each_alert(*from.store, [&](const std::vector<Alert>& items) {
    return to.transfer->adopt(nothing, {.alerts = items, .incidents = {}, .exclusions = {}}, {});
  });
  if (!done) return done;
  done = each_incident(*from.store, [&](const std::vector<Incident>& items) {
    return to.transfer->adopt(nothing, {.alerts = {}, .incidents = items, .exclusions = {}}, {});
  });
  if (!done) return done;
  const auto kept = from.store->exclusions();
  if (!kept) return kept.error();
  return to.transfer->adopt(nothing, {.alerts = {}, .incidents = {}, .exclusions = *kept}, {});
}

/// What has no key of its own is continued behind as many as are there.
Status copy_quarantine(const Side& from, const Side& to) {
  const auto all = all_quarantined(*from.store);
  const auto there = all_quarantined(*to.store);
  if (!all) return all.error();
  if (!there) return there.error();
  Batch batch{1};
  for (std::size_t at = there->size(); at < all->size(); at += page_rows) {
    const std::size_t end = std::min(all->size(), at + page_rows);
    batch.quarantined.assign(all->begin() + static_cast<std::ptrdiff_t>(at),
                             all->begin() + static_cast<std::ptrdiff_t>(end));
    const Time now = batch.quarantined.back().received;
    if (Status done = to.transfer->adopt(batch, {}, now); !done) return done;
  }
  return {};
}

Status copy_people(const Side& from, const Side& to) {
  const auto people = from.store->users();
  if (!people) return people.error();
  for (const User& user : *people) {
    if (Status done = to.store->put_user(user); !done) return done;
  }
  const auto secrets = all_tokens(*from.store, *people);
  if (!secrets) return secrets.error();
  for (const Token& token : *secrets) {
    if (Status done = to.store->put_token(token); !done) return done;
  }
  const auto entries = all_audit(*from.store);
  const auto there = all_audit(*to.store);
  if (!entries) return entries.error();
  if (!there) return there.error();
  for (std::size_t at = there->size(); at < entries->size(); ++at) {
    if (Status done = to.store->put_audit((*entries)[at]); !done) return done;
  }
  const auto values = all_settings(*from.transfer);
  if (!values) return values.error();
  for (const auto& [name, value] : *values) {
    if (Status done = to.store->put_setting(name, value); !done) return done;
  }
  return {};
}

Status add_records(const Side& side, const char* title, std::stop_token stop, Sum& sum) {
  const auto counts = side.store->counts();
  if (!counts) return counts.error();
  Progress progress{title, counts->flows + counts->readings};
  std::string text;
  return each_arrival(*side.transfer, "", stop,
                      [&](const std::vector<Judged>& items, const std::string&) {
                        for (const Judged& judged : items) {
                          text.clear();
                          append_verdict_json(text, judged);
                          sum.add(text + judged.truth.label);
                        }
                        progress.advance(items.size());
                        return Status{};
                      });
}

std::string text_of(const Exclusion& one) {
  const auto time = [](const std::optional<Time>& t) { return t ? micros(*t) : 0; };
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}-{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", one.id,
                     one.device, one.kind ? name_of(*one.kind) : "", one.label, one.destination,
                     one.port ? *one.port : -1, one.day ? one.day->from.count() : -1,
                     one.day ? one.day->to.count() : -1, time(one.from), time(one.to), one.reason,
                     one.created_by, micros(one.created), time(one.expires), one.hidden);
}

Status add_alarms(const Store& store, Sums& sums) {
  std::string text;
  const auto add_all = [&](Sum& sum, const auto& items, auto append) {
    for (const auto& item : items) {
      text.clear();
      append(text, item);
      sum.add(text);
    }
    return Status{};
  };
  Status done = each_alert(store, [&](const std::vector<Alert>& items) {
    return add_all(sums[alerts], items, append_alert_json);
  });
  if (!done) return done;
  done = each_incident(store, [&](const std::vector<Incident>& items) {
    return add_all(sums[incidents], items, append_incident_json);
  });
  if (!done) return done;
  const auto kept = store.exclusions();
  if (!kept) return kept.error();
  for (const Exclusion& one : *kept) sums[exclusions].add(text_of(one));
  const auto refused = all_quarantined(store);
  if (!refused) return refused.error();
  return add_all(sums[quarantine], *refused, append_quarantined_json);
}

Status add_people(const Side& side, Sums& sums) {
  const auto people = side.store->users();
  if (!people) return people.error();
  for (const User& user : *people) {
    sums[users].add(fmt::format("{}\n{}\n{}\n{}", user.name, user.password_hash, user.role,
                                micros(user.created)));
  }
  const auto secrets = all_tokens(*side.store, *people);
  if (!secrets) return secrets.error();
  for (const Token& token : *secrets) {
    sums[tokens].add(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", token.hash, token.user, token.kind,
                                 token.name, micros(token.created), micros(token.expires)));
  }
  const auto entries = all_audit(*side.store);
  if (!entries) return entries.error();
  for (const AuditEntry& entry : *entries) {
    sums[audit].add(
        fmt::format("{}\n{}\n{}\n{}", micros(entry.time), entry.user, entry.action, entry.subject));
  }
  const auto values = all_settings(*side.transfer);
  if (!values) return values.error();
  for (const auto& [name, value] : *values) sums[settings].add(name + "\n" + value);
  return {};
}

Result<Sums> sums_of(const Side& side, const char* title, std::stop_token stop) {
  Sums sums;
  Status done = add_records(side, title, stop, sums[verdicts]);
  if (done) done = add_alarms(*side.store, sums);
  if (done) done = add_people(side, sums);
  if (!done) return done.error();
  return sums;
}

/// A store that a copy goes into is empty, or holds the first part of this very copy.
Status check_target(const Side& to, const std::string& source) {
  const auto begun = to.store->setting(source_setting);
  const auto counts = to.store->counts();
  const auto people = to.store->users();
  if (!begun) return begun.error();
  if (!counts) return counts.error();
  if (!people) return people.error();
  if (*begun == source) return {};
  if (!begun->empty()) {
    return Error{Errc::refused, "the target holds a part of a copy of another store"};
  }
  const std::uint64_t records = counts->flows + counts->readings + counts->alerts;
  if (records + people->size() + counts->quarantined > 0) {
    return Error{Errc::refused,
                 fmt::format("the target is not empty: {} records, {} alerts, {} users",
                             counts->flows + counts->readings, counts->alerts, people->size())};
  }
  return to.store->put_setting(source_setting, source);
}

Status compare(const Side& from, const Side& to, std::stop_token stop) {
  const auto source = sums_of(from, "checking the source", stop);
  if (!source) return source.error();
  const auto target = sums_of(to, "checking the target", stop);
  if (!target) return target.error();
  std::vector<std::string_view> different;
  for (std::size_t part = 0; part < part_count; ++part) {
    const Sum& a = (*source)[part];
    const Sum& b = (*target)[part];
    fmt::print("{:<11} {:>12} {:>12}  {:016x} {:016x}{}\n", part_names[part], a.count, b.count,
               a.checksum, b.checksum, a == b ? "" : "  different");
    if (a != b) different.push_back(part_names[part]);
  }
  if (different.empty()) return {};
  return Error{Errc::mismatch, fmt::format("source and target differ in: {}", listed(different))};
}

}  // namespace

Status run_migrate(const MigrateOptions& options, std::stop_token stop) {
  auto from = open_side(options.from);
  if (!from) return from.error();
  auto to = open_side(options.to);
  if (!to) return to.error();
  const std::string source = fmt::format("{:016x}", hash64(options.from));
  if (Status done = check_target(*to, source); !done) return done;
  if (Status done = copy_verdicts(*from, *to, stop); !done) return done;
  if (Status done = copy_alarms(*from, *to); !done) return done;
  if (Status done = copy_quarantine(*from, *to); !done) return done;
  if (Status done = copy_people(*from, *to); !done) return done;
  return compare(*from, *to, stop);
}

}  // namespace vedette

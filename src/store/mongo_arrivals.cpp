/// Records in the order of arrival: for a copy of the store, and for a preview.
#include "store/mongo_questions.hpp"
#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

Doc in_order(std::size_t limit) {
  Doc sort;
  sort.set("batch", 1).set("row", 1);
  Doc options;
  options.set("sort", sort).set("limit", std::uint64_t{limit});
  return options;
}

std::string cursor_at(const View& document) {
  return fmt::format("{} {}", document.count("batch"), document.count("row"));
}

/// Adds to `filter` that records lie behind the cursor, in batches that may be seen.
Status set_after(Doc& filter, std::string_view after, const Visible& visible) {
  Doc batches = batches_of(visible);
  if (!after.empty()) {
    const std::size_t blank = std::min(after.find(' '), after.size());
    const auto batch = parse_integer<std::int64_t>(after.substr(0, blank));
    const auto row = parse_integer<std::int64_t>(after.substr(std::min(blank + 1, after.size())));
    if (!batch || !row) return bad_cursor(after);
    Doc later;
    Doc rows;
    std::vector<Doc> either(2);
    later.set("$gt", *batch);
    rows.set("$gt", *row);
    either[0].set("batch", later);
    either[1].set("batch", *batch).set("row", rows);
    batches.set("$gte", *batch);
    filter.set_array("$or", either);
  }
  filter.set("batch", batches);
  return {};
}

/// Where to begin for records received at `from` or later: behind the last span before that.
Result<std::string> cursor_before(const Client& client, Time from) {
  Doc bound;
  bound.set("$lt", micros(from));
  Doc filter;
  filter.set("to_us", bound);
  std::string cursor;
  Status done = client.find(collection::spans, filter, newest_first(0), [&](const View& span) {
    cursor = fmt::format("{} {}", span.count("last"), std::numeric_limits<std::int64_t>::max());
    return Status{};
  });
  if (!done) return done.error();
  return cursor;
}

bool is_asked(const ArrivalQuery& query, const Verdict& verdict) {
  const auto score = static_cast<double>(verdict.score);
  return verdict.anomalous || score >= static_cast<double>(query.score_min) ||
         score >= static_cast<double>(verdict.threshold) * static_cast<double>(query.hold_share);
}

/// {$gte: ["$score", {$multiply: ["$threshold", share]}]}
Doc score_is_held(double share) {
  Doc held;
  bson_t operands;
  bson_t multiply;
  bson_t factors;
  bson_append_array_begin(held.raw(), "$gte", -1, &operands);
  bson_append_utf8(&operands, "0", -1, "$score", -1);
  bson_append_document_begin(&operands, "1", -1, &multiply);
  bson_append_array_begin(&multiply, "$multiply", -1, &factors);
  bson_append_utf8(&factors, "0", -1, "$threshold", -1);
  bson_append_double(&factors, "1", -1, share);
  bson_append_array_end(&multiply, &factors);
  bson_append_document_end(&operands, &multiply);
  bson_append_array_end(held.raw(), &operands);
  return held;
}

/// is_asked() for a server that compares fields.
void set_asked(Doc& filter, const ArrivalQuery& query) {
  std::vector<Doc> any(2);
  any[0].set("anomalous", true);
  any[1].set("$expr", score_is_held(static_cast<double>(query.hold_share)));
  if (std::isfinite(query.score_min)) {
    Doc bound;
    bound.set("$gte", query.score_min);
    any.emplace_back().set("score", bound);
  }
  std::vector<Doc> all(1);
  all[0].set_array("$or", any);
  filter.set_array("$and", all);
}

/// What a fold asks of a record; see Store::arrivals().
Doc fields_of_arrivals() {
  Doc fields;
  for (const char* name :
       {"device", "kind", "received_us", "score", "threshold", "anomalous", "certainty", "label",
        "suspect", "excluded", "flow.resp_h", "flow.resp_p", "batch", "row"}) {
    fields.set(name, 1);
  }
  return fields;
}

}  // namespace

Result<Page<Judged>> find_records(const Client& client, std::string_view after, std::size_t limit,
                                  const Visible& visible) {
  Doc filter;
  if (Status done = set_after(filter, after, visible); !done) return done.error();
  Page<Judged> page;
  std::string last;
  Status done = client.find(collection::verdicts, filter, in_order(limit), [&](const View& one) {
    last = cursor_at(one);
    return read_judged(one, page.items.emplace_back());
  });
  if (!done) return done.error();
  if (page.items.size() == limit) page.next = last;
  return page;
}

Result<std::string> find_arrivals(const Client& client, const ArrivalQuery& query,
                                  const std::function<void(const Judged&)>& take,
                                  const Visible& visible) {
  std::string after = query.after;
  if (after.empty() && query.from) {
    Result<std::string> begin = cursor_before(client, *query.from);
    if (!begin) return begin.error();
    after = std::move(*begin);
  }
  Doc filter;
  if (Status done = set_after(filter, after, visible); !done) return done.error();
  Doc received;
  if (query.from) received.set("$gte", micros(*query.from));
  if (query.to) received.set("$lt", micros(*query.to));
  if (!received.empty()) filter.set("received_us", received);
  if (client.compares_fields()) set_asked(filter, query);
  Doc options = in_order(query.looked_max);
  options.set("projection", fields_of_arrivals());
  std::size_t found = 0;
  std::string last;
  Judged judged;
  Status done = client.find(collection::verdicts, filter, options, [&](const View& document) {
    ++found;
    last = cursor_at(document);
    if (Status read = read_judged(document, judged); !read) return read;
    if (is_asked(query, judged.verdict)) take(judged);
    return Status{};
  });
  if (!done) return done.error();
  return found == query.looked_max ? last : std::string{};
}

}  // namespace vedette::mongo

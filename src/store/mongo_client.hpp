/// One MongoDB server, replica set or cluster, spoken to through libmongoc's pool of connections.
#pragma once

#include <mongoc/mongoc.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/mongo_bson.hpp"

namespace vedette::mongo {

/// What the server said it is. What it lacks is asked for at the start, never assumed.
struct Server {
  std::string version;       ///< "7.0.42"
  bool is_ferret = false;    ///< FerretDB: speaks the protocol, has no write concern of its own
  bool is_sharded = false;   ///< a mongos answered
  std::int64_t time_ms = 0;  ///< its clock when it was asked
};

/// One update or replacement of the document that `filter` finds.
struct Change {
  Doc filter;
  Doc update;  ///< with operators ($set …)
};

/// Thread-safe. Every call waits at most for the timeouts of the URI (a server is looked for 5 s,
/// an answer is waited for 20 s, unless it says otherwise).
/// Errors: unavailable (nobody answers), refused (credentials), io (the server says no: disk full).
/// No error holds a password.
class Client {
 public:
  static constexpr std::uint32_t connections_max = 12;
  /// Updates in one command. FerretDB keeps a connection to its database for each until the
  /// command ends, and comes to a stop when it has no more.
  static constexpr std::size_t updates_max = 1'000;
  static constexpr std::size_t updates_max_ferret = 16;

  /// Whether a filter may compare two fields ($expr); FerretDB's may not.
  bool compares_fields() const { return compares_fields_; }

  /// Parses the URI; connects to nobody yet. @return refused: a URI with a mistake.
  static Result<std::unique_ptr<Client>> make(std::string_view uri);

  /// Asks the server who it is.
  Result<Server> greet();
  /// "mongodb://host:27017/vedette": for messages; without credentials.
  const std::string& label() const { return label_; }
  const std::string& database() const { return database_; }

  /// A command that changes nothing, to the store's database or the one named.
  Result<Doc> ask(const Doc& command, const char* database = nullptr) const;
  /// A command that writes, with the majority's word. Errors of single documents are errors.
  Result<Doc> order(const Doc& command) const;

  using Take = std::function<Status(const View&)>;
  /// Calls `take` for each document found. `options`: sort, limit, projection.
  Status find(const char* collection, const Doc& filter, const Doc& options,
              const Take& take) const;
  /// Inserts in any order. @return the indices of those whose _id was there already.
  Result<std::vector<std::size_t>> insert(const char* collection,
                                          const std::vector<Doc>& documents) const;
  /// Applies each change, or makes the document.
  Status upsert(const char* collection, const std::vector<Change>& changes) const;
  /// Changes the first document that matches, or all. @return how many matched.
  Result<std::int64_t> update(const char* collection, const Change& change, bool all = false) const;
  /// @return how many are gone.
  Result<std::int64_t> erase(const char* collection, const Doc& filter) const;

  Error error(const bson_error_t& why) const;

 private:
  struct DropUri {
    void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
  };
  struct DropPool {
    void operator()(mongoc_client_pool_t* pool) const { mongoc_client_pool_destroy(pool); }
  };
  struct DropConcern {
    void operator()(mongoc_write_concern_t* concern) const {
      mongoc_write_concern_destroy(concern);
    }
  };
  using Uri = std::unique_ptr<mongoc_uri_t, DropUri>;

  explicit Client(Uri uri);

  std::string label_;
  std::string database_;
  std::unique_ptr<mongoc_client_pool_t, DropPool> pool_;
  std::unique_ptr<mongoc_write_concern_t, DropConcern> concern_;
  std::size_t updates_at_once_ = updates_max;
  bool compares_fields_ = true;
};

}  // namespace vedette::mongo

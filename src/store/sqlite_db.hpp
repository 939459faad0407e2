/// Thin owners of SQLite's handles. No SQL of ours lives here.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vedette::sqlite {

/// A prepared statement. Text and blobs are bound by reference: they must live until the step.
/// Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  Statement& bind(int index, std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), index, value);
    return *this;
  }
  Statement& bind(int index, double value) {  ///< NaN is NULL, as SQLite has it
    sqlite3_bind_double(handle_.get(), index, value);
    return *this;
  }
  Statement& bind(int index, std::string_view text) {
    sqlite3_bind_text(handle_.get(), index, text.data() == nullptr ? "" : text.data(),
                      static_cast<int>(text.size()), SQLITE_STATIC);
    return *this;
  }
  /// An empty text is NULL: one byte less a row, and what the shell shows as nothing.
  Statement& bind_or_null(int index, std::string_view text) {
    return text.empty() ? bind_null(index) : bind(index, text);
  }
  Statement& bind_blob(int index, std::string_view bytes) {
    sqlite3_bind_blob(handle_.get(), index, bytes.data() == nullptr ? "" : bytes.data(),
                      static_cast<int>(bytes.size()), SQLITE_STATIC);
    return *this;
  }
  Statement& bind_null(int index) {
    sqlite3_bind_null(handle_.get(), index);
    return *this;
  }

  /// True while there is a row. After false, failed() says whether it was an error; the statement
  /// is ready to be bound and stepped again.
  bool step() {
    code_ = sqlite3_step(handle_.get());
    if (code_ == SQLITE_ROW) return true;
    sqlite3_reset(handle_.get());
    return false;
  }
  /// Runs a statement that yields no rows. @return false when it failed.
  bool run() {
    while (step()) {
    }
    return !failed();
  }
  bool failed() const { return code_ != SQLITE_DONE && code_ != SQLITE_ROW; }
  void reset() { sqlite3_reset(handle_.get()); }

  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  double real(int column) const { return sqlite3_column_double(handle_.get(), column); }
  bool is_null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
  }
  /// Valid until the next step or reset.
  std::string_view text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int code_ = SQLITE_DONE;
};

/// One connection, used by one thread at a time.
class Connection {
 public:
  /// @return io, malformed ("…: not a database"), busy.
  static Result<Connection> open(const std::filesystem::path& path, int flags);

  Status run(const char* sql);
  /// One integer ("PRAGMA page_count").
  Result<std::int64_t> integer(const char* sql);
  /// Our own SQL either compiles or the store is damaged (a table is missing).
  Result<Statement> prepare(std::string_view sql);
  /// The same, kept for next time; at most `statements_max` of them.
  Result<Statement*> cached(const std::string& sql);
  /// The last failure as an Error that names the file.
  Error error() const;
  std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  sqlite3* handle() { return handle_.get(); }

  static constexpr std::size_t statements_max = 64;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::map<std::string, Statement, std::less<>> cache_;  // destroyed before the handle
};

/// Prepares a statement that its owner keeps.
Status prepare_into(Statement& statement, Connection& db, std::string_view sql);

}  // namespace vedette::sqlite

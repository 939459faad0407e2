#include "store/sqlite_db.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace vedette::sqlite {

namespace {

Error error_of(const std::filesystem::path& path, sqlite3* handle) {
  const int extended = handle == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle);
  const int why = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  const char* text = handle == nullptr ? "out of memory" : sqlite3_errmsg(handle);
  const auto name = path.string();
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return {Errc::io, fmt::format("{}: disk full", name)};
    case SQLITE_NOTADB:
      return {Errc::malformed, fmt::format("{}: not a database", name)};
    case SQLITE_CORRUPT:
      return {Errc::corrupt, fmt::format("{}: damaged ({})", name, text)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::busy, fmt::format("{}: locked by another program", name)};
    case SQLITE_READONLY:
      return {Errc::io, fmt::format("{}: read-only", name)};
    case SQLITE_ERROR:
      return {Errc::corrupt, fmt::format("{}: {}", name, text)};
    default:
      break;
  }
  return {Errc::io, fmt::format("{}: {}", name, why != 0 ? std::strerror(why) : text)};
}

}  // namespace

std::string_view Statement::text(int column) const {
  // The bytes are asked for after the pointer: only then they are those of the same encoding.
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return data == nullptr ? std::string_view{}
                         : std::string_view{data, static_cast<std::size_t>(size)};
}

Result<Connection> Connection::open(const std::filesystem::path& path, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Connection connection;
  connection.handle_.reset(handle);
  connection.path_ = path;
  if (code != SQLITE_OK) return error_of(path, handle);
  // Only a reader that opens while the writer recovers a WAL ever waits.
  sqlite3_busy_timeout(handle, 5000);
  return connection;
}

Status Connection::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Result<std::int64_t> Connection::integer(const char* sql) {
  Result<Statement*> statement = cached(sql);
  if (!statement) return statement.error();
  if (!(*statement)->step()) {
    if ((*statement)->failed()) return error();
    return std::int64_t{0};
  }
  const std::int64_t value = (*statement)->integer(0);
  (*statement)->reset();
  return value;
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error();
  return Statement{statement};
}

Result<Statement*> Connection::cached(const std::string& sql) {
  if (const auto found = cache_.find(sql); found != cache_.end()) return &found->second;
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  if (cache_.size() >= statements_max) cache_.clear();
  return &cache_.emplace(sql, std::move(*statement)).first->second;
}

Status prepare_into(Statement& statement, Connection& db, std::string_view sql) {
  Result<Statement> prepared = db.prepare(sql);
  if (!prepared) return prepared.error();
  statement = std::move(*prepared);
  return {};
}

Error Connection::error() const {
  return error_of(path_, handle_.get());
}

}  // namespace vedette::sqlite

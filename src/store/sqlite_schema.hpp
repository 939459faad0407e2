/// The tables of the SQLite store (docs/formats/store.md describes them column by column).
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "store/sqlite_db.hpp"

namespace vedette::sqlite {

constexpr std::int64_t application_id = 0x56444554;  // "VDET", seen by file(1)
constexpr std::int64_t schema_version = 2;

/// Rows of `flows` and `readings` hold the hash of a key with its first bit flipped, so that
/// SQLite's signed order is the unsigned order of RecordKey.
constexpr std::int64_t stored_hash(std::uint64_t hash) {
  return static_cast<std::int64_t>(hash ^ (1ULL << 63U));
}
constexpr std::uint64_t hash_from_stored(std::int64_t stored) {
  return static_cast<std::uint64_t>(stored) ^ (1ULL << 63U);
}

/// Labels get their ids in order of appearance; these two are always there, and are what nearly
/// every row has: the index on labels leaves them out.
constexpr std::int64_t no_label_id = 0;
constexpr std::int64_t benign_label_id = 1;

/// Opens the one writing connection: WAL, synchronous=FULL, tables made when the file is new.
/// @return io, malformed (not a database, or somebody else's), unsupported (a newer schema).
Result<Connection> open_writer(const std::filesystem::path& path);
/// A connection that can only read. REQUIRES: open_writer() succeeded and is still open.
Result<Connection> open_reader(const std::filesystem::path& path);

}  // namespace vedette::sqlite

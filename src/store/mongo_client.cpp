#include "store/mongo_client.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "base/log.hpp"

namespace vedette::mongo {

namespace {

constexpr int server_selection_ms = 5'000;
constexpr int connect_ms = 5'000;
constexpr int answer_ms = 20'000;
constexpr std::int64_t majority_ms = 15'000;
constexpr std::int64_t duplicate_key = 11'000;
constexpr std::int64_t authentication_failed = 18;
constexpr std::int64_t unauthorized = 13;

/// What libmongoc says while a URI is parsed: an option it does not know is only a warning to it.
thread_local std::string* parse_complaints = nullptr;

void take_log(mongoc_log_level_t, const char*, const char* message, void*) {
  if (parse_complaints == nullptr) {
    // What matters comes back as an error as well; the rest is about servers that lack a command.
    log::write(log::Level::debug, fmt::format("mongodb: {}", message));
  } else if (parse_complaints->empty()) {
    *parse_complaints = message;
  }
}

/// libmongoc wants to be started once and cleaned up at the very end.
void start_library() {
  struct Library {
    Library() {
      mongoc_init();
      mongoc_log_set_handler(take_log, nullptr);
    }
    ~Library() { mongoc_cleanup(); }
  };
  static const Library library;
}

/// Between "://" and the last "@": user and password, however badly they were written.
std::string_view credentials_of(std::string_view uri) {
  const std::size_t begin = uri.find("://") + 3;
  const std::size_t end = uri.rfind('@');
  return end == std::string_view::npos || end < begin ? std::string_view{}
                                                      : uri.substr(begin, end - begin);
}

/// A complaint of the library's that repeats no part of the credentials.
std::string harmless(std::string_view complaint, std::string_view credentials) {
  constexpr std::string_view advice =
      "cannot be parsed; user and password must be percent-encoded (: is %3A, / is %2F, @ is %40)";
  // More than one ':' or one of these cannot be in what is written well.
  if (credentials.find_first_of("/@") != std::string_view::npos ||
      std::count(credentials.begin(), credentials.end(), ':') > 1) {
    return std::string{advice};
  }
  while (!credentials.empty()) {
    const std::size_t end = std::min(credentials.find_first_of(":/@"), credentials.size());
    const std::string_view piece = credentials.substr(0, end);
    if (!piece.empty() && complaint.find(piece) != std::string_view::npos) {
      return std::string{advice};
    }
    credentials.remove_prefix(std::min(end + 1, credentials.size()));
  }
  return std::string{complaint};
}

/// A server's words as one line: FerretDB's can be two.
std::string one_line(std::string_view text) {
  std::string line{text};
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

/// The library says of a file that it cannot read only that there is no TLS.
Status check_files(const mongoc_uri_t* uri, const std::string& place) {
  constexpr std::pair<const char*, const char*> options[] = {
      {MONGOC_URI_TLSCAFILE, "tlsCAFile"},
      {MONGOC_URI_TLSCERTIFICATEKEYFILE, "tlsCertificateKeyFile"}};
  for (const auto& [option, name] : options) {
    const char* path = mongoc_uri_get_option_as_utf8(uri, option, nullptr);
    if (path == nullptr || ::access(path, R_OK) == 0) continue;
    return Error{Errc::refused,
                 fmt::format("{}: {}: {} cannot be read", place, name, vedette::quoted(path))};
  }
  return {};
}

std::string scheme_of(std::string_view uri) {
  return std::string{uri.substr(0, uri.find("://"))};
}

std::string label_of(const mongoc_uri_t* uri, const std::string& database) {
  std::string hosts;
  if (const char* service = mongoc_uri_get_srv_hostname(uri)) {
    return fmt::format("mongodb+srv://{}/{}", service, database);
  }
  for (const auto* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next) {
    if (!hosts.empty()) hosts += ',';
    hosts += host->host_and_port;
  }
  return fmt::format("mongodb://{}/{}", hosts, database);
}

/// A client of the pool, given back at the end.
class Borrowed {
 public:
  explicit Borrowed(mongoc_client_pool_t* pool)
      : pool_(pool), client_(mongoc_client_pool_pop(pool)) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { mongoc_client_pool_push(pool_, client_); }
  mongoc_client_t* get() const { return client_; }

 private:
  mongoc_client_pool_t* pool_;
  mongoc_client_t* client_;
};

struct DropCollection {
  void operator()(mongoc_collection_t* collection) const { mongoc_collection_destroy(collection); }
};
using Collection = std::unique_ptr<mongoc_collection_t, DropCollection>;
struct DropCursor {
  void operator()(mongoc_cursor_t* cursor) const { mongoc_cursor_destroy(cursor); }
};

struct DropBulk {
  void operator()(mongoc_bulk_operation_t* bulk) const { mongoc_bulk_operation_destroy(bulk); }
};

/// Takes over a reply that libmongoc filled.
class Reply {
 public:
  Reply() { bson_init(&bson_); }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() { bson_destroy(&bson_); }
  /// For calls that initialise their reply themselves.
  bson_t* fresh() {
    bson_destroy(&bson_);
    return &bson_;
  }
  View view() const { return View{&bson_}; }
  Doc copy() const {
    Doc doc;
    doc.append(&bson_);
    return doc;
  }

 private:
  bson_t bson_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::make(std::string_view text) {
  start_library();
  const std::string_view credentials = credentials_of(text);
  std::string complaints;
  bson_error_t why{};
  parse_complaints = &complaints;
  Uri uri{mongoc_uri_new_with_error(std::string{text}.c_str(), &why)};
  parse_complaints = nullptr;
  const std::string place = fmt::format(
      "store {}://{}", scheme_of(text),
      credentials.empty() ? text.substr(text.find("://") + 3) : text.substr(text.rfind('@') + 1));
  if (uri == nullptr) {
    return Error{Errc::refused, fmt::format("{}: {}", place, harmless(why.message, credentials))};
  }
  if (!complaints.empty()) {
    return Error{Errc::refused, fmt::format("{}: {}", place, harmless(complaints, credentials))};
  }
  if (Status done = check_files(uri.get(), place); !done) return done.error();
  const auto bound = [&uri](const char* option, int value) {
    if (!mongoc_uri_has_option(uri.get(), option)) {
      mongoc_uri_set_option_as_int32(uri.get(), option, value);
    }
  };
  bound(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, server_selection_ms);
  bound(MONGOC_URI_CONNECTTIMEOUTMS, connect_ms);
  bound(MONGOC_URI_SOCKETTIMEOUTMS, answer_ms);
  std::unique_ptr<Client> client{new Client{std::move(uri)}};
  if (client->pool_ == nullptr) {
    return Error{Errc::refused, fmt::format("{}: its options do not go together", place)};
  }
  return client;
}

Client::Client(Uri uri) : concern_(mongoc_write_concern_new()) {
  const char* database = mongoc_uri_get_database(uri.get());
  database_ = database == nullptr || *database == '\0' ? "vedette" : database;
  label_ = label_of(uri.get(), database_);
  mongoc_write_concern_set_w(concern_.get(), MONGOC_WRITE_CONCERN_W_MAJORITY);
  mongoc_write_concern_set_journal(concern_.get(), true);
  mongoc_write_concern_set_wtimeout_int64(concern_.get(), majority_ms);
  mongoc_uri_set_write_concern(uri.get(), concern_.get());
  mongoc_uri_set_appname(uri.get(), "vedette");
  pool_.reset(mongoc_client_pool_new(uri.get()));
  if (pool_ == nullptr) return;
  mongoc_client_pool_set_error_api(pool_.get(), MONGOC_ERROR_API_VERSION_2);
  mongoc_client_pool_max_size(pool_.get(), connections_max);
}

Error Client::error(const bson_error_t& why) const {
  Errc code = Errc::io;
  if (why.code == authentication_failed || why.code == unauthorized ||
      (why.domain == MONGOC_ERROR_CLIENT && why.code == MONGOC_ERROR_CLIENT_AUTHENTICATE)) {
    code = Errc::refused;
  } else if (why.domain == MONGOC_ERROR_SERVER_SELECTION || why.domain == MONGOC_ERROR_STREAM ||
             why.domain == MONGOC_ERROR_CLIENT) {
    code = Errc::unavailable;
  }
  return Error{code, fmt::format("{}: {}", label_, one_line(why.message))};
}

Result<Server> Client::greet() {
  Doc hello;
  hello.set("hello", 1);
  const Result<Doc> here = ask(hello, "admin");
  // A server from before 5.0 may know the old spelling only, but then it is too old anyway.
  Doc build_info;
  build_info.set("buildInfo", 1);
  const Result<Doc> build = ask(build_info, "admin");
  if (!build) return build.error();
  Server server;
  server.version = build->view().text("version");
  server.is_ferret = build->view().has("ferretdbVersion");
  if (here) {
    server.is_sharded = here->view().text("msg") == "isdbgrid";
    server.time_ms = here->view().date_ms("localTime");
  }
  updates_at_once_ = server.is_ferret ? updates_max_ferret : updates_max;
  compares_fields_ = !server.is_ferret;
  return server;
}

Result<Doc> Client::ask(const Doc& command, const char* database) const {
  const Borrowed client{pool_.get()};
  Reply reply;
  bson_error_t why{};
  const bool done =
      mongoc_client_command_simple(client.get(), database == nullptr ? database_.c_str() : database,
                                   command.get(), nullptr, reply.fresh(), &why);
  if (!done) return error(why);
  return reply.copy();
}

Result<Doc> Client::order(const Doc& command) const {
  const Borrowed client{pool_.get()};
  Doc options;
  mongoc_write_concern_append(concern_.get(), options.raw());
  Reply reply;
  bson_error_t why{};
  const bool done = mongoc_client_write_command_with_opts(
      client.get(), database_.c_str(), command.get(), options.get(), reply.fresh(), &why);
  if (!done) return error(why);
  for (const View& failed : reply.view().array("writeErrors")) {
    return Error{Errc::io, fmt::format("{}: {}", label_, one_line(failed.text("errmsg")))};
  }
  if (reply.view().has("writeConcernError")) {
    return Error{Errc::unavailable,
                 fmt::format("{}: {}", label_,
                             one_line(reply.view().document("writeConcernError").text("errmsg")))};
  }
  return reply.copy();
}

Status Client::find(const char* collection, const Doc& filter, const Doc& options,
                    const Take& take) const {
  const Borrowed client{pool_.get()};
  const Collection from{mongoc_client_get_collection(client.get(), database_.c_str(), collection)};
  const std::unique_ptr<mongoc_cursor_t, DropCursor> cursor{
      mongoc_collection_find_with_opts(from.get(), filter.get(), options.get(), nullptr)};
  const bson_t* document = nullptr;
  while (mongoc_cursor_next(cursor.get(), &document)) {
    if (Status done = take(View{document}); !done) return done;
  }
  bson_error_t why{};
  if (mongoc_cursor_error(cursor.get(), &why)) return error(why);
  return {};
}

Result<std::vector<std::size_t>> Client::insert(const char* collection,
                                                const std::vector<Doc>& documents) const {
  std::vector<std::size_t> there;
  if (documents.empty()) return there;
  const Borrowed client{pool_.get()};
  const Collection into{mongoc_client_get_collection(client.get(), database_.c_str(), collection)};
  Doc options;
  options.set("ordered", false);
  const std::unique_ptr<mongoc_bulk_operation_t, DropBulk> bulk{
      mongoc_collection_create_bulk_operation_with_opts(into.get(), options.get())};
  Doc unchecked;  // Doc writes nothing that would have to be looked for
  unchecked.set("validate", false);
  Reply reply;
  bson_error_t why{};
  for (const Doc& document : documents) {
    if (!mongoc_bulk_operation_insert_with_opts(bulk.get(), document.get(), unchecked.get(),
                                                &why)) {
      return error(why);
    }
  }
  if (mongoc_bulk_operation_execute(bulk.get(), reply.fresh(), &why) != 0) return there;
  for (const View& failed : reply.view().array("writeErrors")) {
    if (failed.integer("code") != duplicate_key) {
      return Error{Errc::io, fmt::format("{}: {}", label_, one_line(failed.text("errmsg")))};
    }
    there.push_back(static_cast<std::size_t>(failed.integer("index")));
  }
  const bool only_duplicates = !there.empty() && reply.view().array("writeConcernErrors").empty() &&
                               why.domain == MONGOC_ERROR_SERVER &&
                               static_cast<std::int64_t>(why.code) == duplicate_key;
  if (!only_duplicates) return error(why);
  return there;
}

Status Client::upsert(const char* collection, const std::vector<Change>& changes) const {
  for (std::size_t at = 0; at < changes.size(); at += updates_at_once_) {
    std::vector<Doc> updates;
    for (std::size_t i = at; i < std::min(changes.size(), at + updates_at_once_); ++i) {
      updates.emplace_back();
      updates.back().set("q", changes[i].filter).set("u", changes[i].update).set("upsert", true);
    }
    Doc command;
    command.set("update", collection).set("ordered", false).set_array("updates", updates);
    if (const Result<Doc> done = order(command); !done) return done.error();
  }
  return {};
}

Result<std::int64_t> Client::update(const char* collection, const Change& change, bool all) const {
  std::vector<Doc> updates(1);
  updates[0].set("q", change.filter).set("u", change.update).set("multi", all);
  Doc command;
  command.set("update", collection).set_array("updates", updates);
  const Result<Doc> done = order(command);
  if (!done) return done.error();
  return done->view().integer("n");
}

Result<std::int64_t> Client::erase(const char* collection, const Doc& filter) const {
  std::vector<Doc> deletes(1);
  deletes[0].set("q", filter).set("limit", 0);
  Doc command;
  command.set("delete", collection).set_array("deletes", deletes);
  const Result<Doc> done = order(command);
  if (!done) return done.error();
  return done->view().integer("n");
}

}  // namespace vedette::mongo

#include "store/mongo_bson.hpp"

namespace vedette::mongo {

namespace {

/// Bad bytes replaced, as in the project's JSON.
std::string repaired(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    while (length <= 4 && at + length <= text.size() && !is_utf8(text.substr(at, length))) {
      ++length;
    }
    if (length <= 4 && at + length <= text.size()) {
      out += text.substr(at, length);
      at += length;
    } else {
      out += "\xEF\xBF\xBD";
      ++at;
    }
  }
  return out;
}

}  // namespace

Doc& Doc::set(std::string_view name, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  if (is_utf8(text)) {
    bson_append_utf8(bson_, name.data(), size(name), data, size(text));
  } else {
    const std::string good = repaired(text);
    bson_append_utf8(bson_, name.data(), size(name), good.data(), size(good));
  }
  return *this;
}

Doc& Doc::set_array(std::string_view name, const std::vector<Doc>& items) {
  bson_t array;
  bson_append_array_begin(bson_, name.data(), size(name), &array);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string key = std::to_string(i);
    bson_append_document(&array, key.data(), size(key), items[i].get());
  }
  bson_append_array_end(bson_, &array);
  return *this;
}

Doc& Doc::set_array(std::string_view name, const std::vector<std::string>& items) {
  bson_t array;
  bson_append_array_begin(bson_, name.data(), size(name), &array);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string key = std::to_string(i);
    const std::string good = is_utf8(items[i]) ? items[i] : repaired(items[i]);
    bson_append_utf8(&array, key.data(), size(key), good.data(), size(good));
  }
  bson_append_array_end(bson_, &array);
  return *this;
}

Doc& Doc::set_array(std::string_view name, const std::vector<std::int64_t>& items) {
  bson_t array;
  bson_append_array_begin(bson_, name.data(), size(name), &array);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string key = std::to_string(i);
    bson_append_int64(&array, key.data(), size(key), items[i]);
  }
  bson_append_array_end(bson_, &array);
  return *this;
}

bool View::has(const char* name) const {
  bson_iter_t at;
  return find(name, at);
}

std::int64_t View::integer(const char* name) const {
  bson_iter_t at;
  return find(name, at) && BSON_ITER_HOLDS_NUMBER(&at) ? bson_iter_as_int64(&at) : 0;
}

double View::real(const char* name) const {
  bson_iter_t at;
  return find(name, at) && BSON_ITER_HOLDS_NUMBER(&at) ? bson_iter_as_double(&at) : std::nan("");
}

bool View::boolean(const char* name) const {
  bson_iter_t at;
  return find(name, at) && BSON_ITER_HOLDS_BOOL(&at) && bson_iter_bool(&at);
}

std::string_view View::text(const char* name) const {
  bson_iter_t at;
  if (!find(name, at) || !BSON_ITER_HOLDS_UTF8(&at)) return {};
  std::uint32_t length = 0;
  const char* text = bson_iter_utf8(&at, &length);
  return {text, length};
}

std::string_view View::bytes(const char* name) const {
  bson_iter_t at;
  if (!find(name, at) || !BSON_ITER_HOLDS_BINARY(&at)) return {};
  bson_subtype_t subtype{};
  std::uint32_t length = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_binary(&at, &subtype, &length, &data);
  return {reinterpret_cast<const char*>(data), length};
}

View View::document(const char* name) const {
  bson_iter_t at;
  if (!find(name, at) || !BSON_ITER_HOLDS_DOCUMENT(&at)) return {};
  std::uint32_t length = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_document(&at, &length, &data);
  return {data, length};
}

std::int64_t View::date_ms(const char* name) const {
  bson_iter_t at;
  return find(name, at) && BSON_ITER_HOLDS_DATE_TIME(&at) ? bson_iter_date_time(&at) : 0;
}

std::vector<View> View::array(const char* name) const {
  std::vector<View> items;
  bson_iter_t at;
  bson_iter_t child;
  if (!find(name, at) || !BSON_ITER_HOLDS_ARRAY(&at)) return items;
  if (!bson_iter_recurse(&at, &child)) return items;
  while (bson_iter_next(&child)) {
    if (!BSON_ITER_HOLDS_DOCUMENT(&child)) continue;
    std::uint32_t length = 0;
    const std::uint8_t* data = nullptr;
    bson_iter_document(&child, &length, &data);
    items.emplace_back(data, length);
  }
  return items;
}

std::vector<std::int64_t> View::integers(const char* name) const {
  std::vector<std::int64_t> items;
  bson_iter_t at;
  bson_iter_t child;
  if (!find(name, at) || !BSON_ITER_HOLDS_ARRAY(&at)) return items;
  if (!bson_iter_recurse(&at, &child)) return items;
  while (bson_iter_next(&child)) items.push_back(bson_iter_as_int64(&child));
  return items;
}

std::vector<std::string> View::texts(const char* name) const {
  std::vector<std::string> items;
  bson_iter_t at;
  bson_iter_t child;
  if (!find(name, at) || !BSON_ITER_HOLDS_ARRAY(&at)) return items;
  if (!bson_iter_recurse(&at, &child)) return items;
  while (bson_iter_next(&child)) {
    if (!BSON_ITER_HOLDS_UTF8(&child)) continue;
    std::uint32_t length = 0;
    const char* text = bson_iter_utf8(&child, &length);
    items.emplace_back(text, length);
  }
  return items;
}

}  // namespace vedette::mongo

#include "api/password.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/expects.hpp"

namespace vedette {

namespace {

/// A well-formed hash nobody has the password of, so that an unknown user costs the same time.
constexpr std::string_view nobodys_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

void need_sodium() {
  static const int started = sodium_init();
  expects(started >= 0, "libsodium starts");
}

std::string hex(std::span<const unsigned char> bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

}  // namespace

bool is_user_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '@' || c == '-';
  };
  return !name.empty() && name.size() <= user_name_bytes_max &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<std::string> hash_password(std::string_view password) {
  need_sodium();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str(text.data(), password.data(), password.size(),
                        crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return Error{Errc::unavailable, "no 64 MiB of memory to hash a password"};
  }
  return std::string{text.data()};
}

bool password_matches(std::string_view hash, std::string_view password) {
  need_sodium();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const std::string_view used = hash.empty() || hash.size() >= text.size() ? nobodys_hash : hash;
  std::copy(used.begin(), used.end(), text.begin());
  const bool matches = crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
  return matches && used.data() == hash.data();
}

std::string new_secret(const std::function<void(std::span<std::byte>)>& entropy) {
  need_sodium();
  std::array<unsigned char, 32> bytes{};
  entropy(std::as_writable_bytes(std::span{bytes}));
  std::string text = hex(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return text;
}

std::string hash_secret(std::string_view secret) {
  need_sodium();
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(),
                     reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr,
                     0);
  return hex(hash);
}

bool same_hash(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace vedette

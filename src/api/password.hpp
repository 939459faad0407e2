/// Passwords (argon2id) and secrets (256 random bits, kept as a hash) through libsodium.
#pragma once

#include <cstddef>
#include <functional>
#include <semaphore>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vedette {

constexpr std::size_t user_name_bytes_max = 64;
constexpr std::size_t password_bytes_min = 8;
constexpr std::size_t password_bytes_max = 256;

/// 1..64 letters, digits and "._@-".
bool is_user_name(std::string_view name);

/// argon2id with libsodium's interactive limits: 2 passes over 64 MiB, about 0.15 s.
/// @return unavailable when there is no memory for it.
Result<std::string> hash_password(std::string_view password);
/// Takes as long as hash_password(), right or wrong; `hash` "" (no such user) is always wrong.
bool password_matches(std::string_view hash, std::string_view password);

/// 64 hexadecimal digits.
std::string new_secret(const std::function<void(std::span<std::byte>)>& entropy);
/// What the store keeps of a secret: 64 hexadecimal digits of its BLAKE2b-256 hash.
std::string hash_secret(std::string_view secret);
/// In time that does not depend on where two hashes differ.
bool same_hash(std::string_view a, std::string_view b);

/// At most two password computations at once: each takes 64 MiB.
class PasswordGate {
 public:
  class Pass {
   public:
    explicit Pass(PasswordGate& gate) : gate_(&gate), inside_(gate.slots_.try_acquire()) {}
    ~Pass() {
      if (inside_) gate_->slots_.release();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const { return inside_; }

   private:
    PasswordGate* gate_;
    bool inside_;
  };

 private:
  std::counting_semaphore<2> slots_{2};
};

}  // namespace vedette

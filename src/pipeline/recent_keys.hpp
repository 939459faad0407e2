/// RecentKeys: which records were judged lately, so that a redelivered one counts once.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "record/record.hpp"

namespace vedette {

/// Buckets of four keys by hash, the newest first: 1 MiB. A broker leaves at most 8,192 messages
/// unacknowledged (MQTT 5's receive maximum as we set it); of so many, one in 600 is forgotten
/// early: five or more of one bucket, at half a key a bucket on average. Not thread-safe.
class RecentKeys {
 public:
  /// Whether the key was met lately; it is from now on. A record without a key never was.
  bool meet(RecordKey key) {
    if (key == RecordKey{}) return false;
    Bucket& bucket = buckets_[key.hash % buckets_.size()];
    if (std::find(bucket.begin(), bucket.end(), key) != bucket.end()) return true;
    std::move_backward(bucket.begin(), bucket.end() - 1, bucket.end());
    bucket.front() = key;
    return false;
  }

 private:
  using Bucket = std::array<RecordKey, 4>;
  std::vector<Bucket> buckets_ = std::vector<Bucket>(16'384);
};

}  // namespace vedette

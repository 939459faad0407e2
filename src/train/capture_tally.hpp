/// CaptureTally: counts what became of the lines of one capture.
#pragma once

#include <map>
#include <string>

#include "record/verdict.hpp"
#include "train/train.hpp"

namespace vedette {

class CaptureTally {
 public:
  explicit CaptureTally(std::string capture) { report_.capture = std::move(capture); }
  void take(const Batch& batch);
  /// Labels by falling count, then by name; reasons to drop likewise.
  CaptureReport report() const;

 private:
  CaptureReport report_;
  std::map<std::string, std::uint64_t, std::less<>> labels_;
};

/// One report that holds the sums of all; its drops keep the first example of the first capture.
CaptureReport total_of(std::span<const CaptureReport> reports);

}  // namespace vedette

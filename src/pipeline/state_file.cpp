#include "pipeline/state_file.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"

namespace vedette {

namespace {

constexpr std::string_view magic = "VDSTATE1";

Status load(const std::filesystem::path& path, DeviceWindows& windows, std::uint64_t features,
            Time now, Duration& age) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  const auto bytes = file->bytes();
  if (bytes.size() > StateFile::bytes_max) return Error{Errc::too_large, "is above 1 GiB"};
  ByteReader in{bytes};
  const auto found = in.get_bytes(magic.size());
  const auto checksum = in.get<std::uint64_t>();
  if (!in.ok() || std::as_bytes(std::span{magic}).size() != found.size() ||
      std::memcmp(found.data(), magic.data(), magic.size()) != 0) {
    return Error{Errc::malformed, "is no state file of this version"};
  }
  if (hash64(bytes.subspan(in.at())) != checksum) {
    return Error{Errc::corrupt, "is damaged: its checksum does not hold"};
  }
  const Time saved = time_from_micros(in.get<std::int64_t>());
  // As doubles: the difference of two wild times may not fit 64 bits.
  const double seconds = to_seconds(now) - to_seconds(saved);
  if (seconds > std::chrono::duration<double>(StateFile::age_max).count()) {
    return Error{Errc::out_of_range, fmt::format("is {:.0f} hours old, above {}", seconds / 3600,
                                                 StateFile::age_max.count())};
  }
  age = Duration{static_cast<std::int64_t>(std::max(seconds, 0.0) * 1e6)};
  const Status fits = windows.load(in, features);
  if (fits) return fits;
  return Error{fits.error().code, "does not fit: " + fits.error().message};
}

}  // namespace

StateFile::~StateFile() {
  if (writing_.valid()) writing_.wait();
}

std::string StateFile::restore(DeviceWindows& windows, std::uint64_t features, Time now) const {
  Duration age{};
  const Status done = load(path_, windows, features, now, age);
  if (done) {
    return fmt::format("{} sources and {} series restored, known {} s ago", windows.sources(),
                       windows.series(),
                       std::chrono::duration_cast<std::chrono::seconds>(age).count());
  }
  if (done.error().code == Errc::not_found) return "every device is new: there was no state file";
  return fmt::format("every device is new: the state in {} was dropped: it {}", path_.string(),
                     done.error().message);
}

Status StateFile::save(const DeviceWindows& windows, std::uint64_t features, Time now) {
  if (writing_.valid() && writing_.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
    return {};
  }
  Status before = finish();
  ByteWriter out;
  out.put_bytes(std::as_bytes(std::span{magic}));
  out.put(std::uint64_t{0});
  const std::size_t checked = out.size();
  out.put(micros(now));
  windows.save(out, features);
  being_written_ = now;
  writing_ =
      std::async(std::launch::async, [path = path_, checked, out = std::move(out)]() mutable {
        out.patch(magic.size(), hash64(out.bytes().subspan(checked)));
        return write_whole(path, out.bytes());
      });
  return before;
}

Status StateFile::finish() {
  if (!writing_.valid()) return {};
  Status done = writing_.get();
  if (done) written_ = being_written_;
  return done;
}

}  // namespace vedette

/// Scoring, explaining and keeping a fitted svm. Four rows are scored side by side: every support
/// vector is loaded once for them, and compared with each of them once for all pairs of classes.
#include "model/svm_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "base/expects.hpp"
#include "model/fit_input.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t svm_version = 1;
constexpr std::size_t group = 4;
constexpr std::string_view kernel_names[] = {"rbf", "linear", "features"};

/// 18312 → "18,312".
std::string grouped(std::uint64_t value) {
  return fmt::format("{}", fmt::group_digits(value));
}

/// Room to work in, one per thread; grows to the largest model that thread has seen.
struct Scratch {
  std::vector<float> scaled, x, kernel;
  std::vector<double> decisions, pairwise, p, matrix;
};

Scratch& scratch() {
  thread_local Scratch one;
  return one;
}

template <class T>
void grow(std::vector<T>& values, std::size_t size) {
  if (values.size() < size) values.resize(size);
}

class Svm final : public Model {
 public:
  explicit Svm(SvmParts parts) : parts_(std::move(parts)) {}

  std::string_view kind() const override { return "svm"; }
  std::size_t width() const override { return parts_.scaler.width(); }
  std::size_t class_count() const override { return parts_.classes; }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  std::string describe() const override;
  void save(ByteWriter& out) const override;

 private:
  void score_scaled(Scratch& work, std::size_t count, float* out) const;
  void decide_rbf(Scratch& work) const;
  void decide_linear(Scratch& work, std::size_t count) const;
  void to_probabilities(Scratch& work, std::size_t lane, float* out) const;
  void prepare(Scratch& work) const;
  SvmParts parts_;
};

void Svm::prepare(Scratch& work) const {
  const std::size_t present = parts_.present.size();
  const std::size_t kernel = parts_.kernel == SvmKernel::rbf
                                 ? LaneRows::padded(parts_.vectors.count()) * group
                                 : parts_.dimensions();
  grow(work.scaled, width());
  grow(work.x, parts_.packing.width() * group);
  grow(work.kernel, kernel);
  grow(work.decisions, parts_.pairs.size() * group);
  grow(work.pairwise, present * present);
  grow(work.p, present);
  grow(work.matrix, present * (present + 1));
}

/// decisions[pair * 4 + lane].
void Svm::decide_rbf(Scratch& work) const {
  rbf_rows4(parts_.vectors, work.x.data(), parts_.gamma, work.kernel.data());
  std::size_t from = 0;
  for (std::size_t p = 0; p < parts_.pairs.size(); ++p) {
    const std::size_t to = parts_.term_ends[p];
    double* sums = work.decisions.data() + p * group;
    sum_terms4(std::span{parts_.terms}.subspan(from, to - from), work.kernel.data(), sums);
    for (std::size_t lane = 0; lane < group; ++lane) sums[lane] += parts_.pairs[p].bias;
    from = to;
  }
}

void Svm::decide_linear(Scratch& work, std::size_t count) const {
  const std::size_t size = parts_.dimensions();
  for (std::size_t lane = 0; lane < count; ++lane) {
    const float* x = work.x.data() + lane * parts_.packing.width();
    if (parts_.kernel == SvmKernel::features) {
      fourier_features(parts_.frequencies.data(), parts_.frequency_count, width(), x,
                       work.kernel.data());
      x = work.kernel.data();
    }
    for (std::size_t p = 0; p < parts_.pairs.size(); ++p) {
      work.decisions[p * group + lane] =
          dot(parts_.weights.data() + p * size, x, size) + parts_.pairs[p].bias;
    }
  }
}

void Svm::to_probabilities(Scratch& work, std::size_t lane, float* out) const {
  const std::size_t k = parts_.present.size();
  std::size_t pair = 0;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = i + 1; j < k; ++j, ++pair) {
      const double first =
          std::clamp(parts_.pairs[pair].sigmoid(work.decisions[pair * group + lane]),
                     pairwise_margin, 1 - pairwise_margin);
      work.pairwise[i * k + j] = first;
      work.pairwise[j * k + i] = 1 - first;
    }
  }
  couple(work.pairwise.data(), k, work.p.data(), work.matrix.data());
  std::fill_n(out, parts_.classes, 0.0F);
  for (std::size_t i = 0; i < k; ++i) out[parts_.present[i]] = static_cast<float>(work.p[i]);
}

/// Scores the first `count` of the four scaled rows in work.x.
void Svm::score_scaled(Scratch& work, std::size_t count, float* out) const {
  if (parts_.kernel == SvmKernel::rbf) {
    decide_rbf(work);
  } else {
    decide_linear(work, count);
  }
  for (std::size_t lane = 0; lane < count; ++lane) {
    to_probabilities(work, lane, out + lane * parts_.classes);
  }
}

void Svm::score(Rows rows, std::span<float> out) const {
  expects(rows.width == width() && out.size() >= rows.count * parts_.classes,
          "Svm::score gets rows of its width and room for every class");
  Scratch& work = scratch();
  prepare(work);
  for (std::size_t from = 0; from < rows.count; from += group) {
    const std::size_t count = std::min(group, rows.count - from);
    for (std::size_t lane = 0; lane < group; ++lane) {
      const std::size_t row = from + std::min(lane, count - 1);
      parts_.scaler.apply(rows.data + row * rows.width, work.scaled.data());
      parts_.packing.pack(work.scaled.data(), work.x.data() + lane * parts_.packing.width());
    }
    score_scaled(work, count, out.data() + from * parts_.classes);
  }
}

/// By how much the probability falls when the column is set to what it is on average (a category:
/// to absent), the others staying as they are.
void Svm::explain(std::span<const float> row, std::uint16_t class_index,
                  std::span<float> out) const {
  expects(row.size() == width() && out.size() == width() && class_index < parts_.classes,
          "Svm::explain gets a row of its width and a class it knows");
  Scratch& work = scratch();
  prepare(work);
  std::vector<float> answer(parts_.classes * group);
  parts_.scaler.apply(row.data(), work.scaled.data());
  const auto put = [&](std::size_t lane) {
    parts_.packing.pack(work.scaled.data(), work.x.data() + lane * parts_.packing.width());
  };
  for (std::size_t lane = 0; lane < group; ++lane) put(lane);
  score_scaled(work, 1, answer.data());
  const float whole = answer[class_index];
  for (std::size_t from = 0; from < width(); from += group) {
    const std::size_t count = std::min(group, width() - from);
    for (std::size_t lane = 0; lane < count; ++lane) {
      const float kept = std::exchange(work.scaled[from + lane], 0.0F);
      put(lane);
      work.scaled[from + lane] = kept;
    }
    score_scaled(work, count, answer.data());
    for (std::size_t lane = 0; lane < count; ++lane) {
      out[from + lane] = whole - answer[lane * parts_.classes + class_index];
    }
  }
}

std::string Svm::describe() const {
  std::string text =
      fmt::format("{}, C {:.6g}", kernel_names[static_cast<int>(parts_.kernel)], parts_.c);
  if (parts_.kernel != SvmKernel::linear) text += fmt::format(", gamma {:.4g}", parts_.gamma);
  text += fmt::format(", {} pairs", parts_.pairs.size());
  if (parts_.kernel == SvmKernel::rbf) {
    text += fmt::format(", {} support vectors", grouped(parts_.vectors.count()));
  } else {
    text += fmt::format(", {} {}", parts_.dimensions(),
                        parts_.kernel == SvmKernel::linear ? "columns" : "random features");
  }
  if (parts_.unfinished > 0) text += fmt::format(", {} pairs unfinished", parts_.unfinished);
  const std::string distinct = grouped(parts_.distinct);
  text +=
      parts_.automatic
          ? fmt::format("; chosen because {} distinct rows {} {}", distinct,
                        parts_.kernel == SvmKernel::rbf ? "<=" : ">", grouped(svm_auto_rows_max))
          : fmt::format("; {} distinct of {} rows", distinct, grouped(parts_.rows));
  if (parts_.learned < parts_.distinct) {
    text += fmt::format(", {} of them learned from", grouped(parts_.learned));
  }
  return text;
}

void Svm::save(ByteWriter& out) const {
  out.put(svm_version);
  out.put(parts_.kernel);
  out.put(static_cast<std::uint8_t>(parts_.automatic ? 1 : 0));
  out.put(static_cast<std::uint32_t>(parts_.classes));
  out.put(parts_.c);
  out.put(parts_.gamma);
  out.put(parts_.rows);
  out.put(parts_.distinct);
  out.put(parts_.learned);
  out.put(parts_.unfinished);
  parts_.scaler.save(out);
  out.put_array(std::span{parts_.present});
  for (const SvmParts::Pair& pair : parts_.pairs) {
    out.put(pair.sigmoid.a);
    out.put(pair.sigmoid.b);
    out.put(pair.bias);
  }
  if (parts_.kernel == SvmKernel::rbf) {
    out.put(static_cast<std::uint32_t>(parts_.vectors.count()));
    out.put_bytes(std::as_bytes(std::span{parts_.is_flag}));
    std::vector<float> row(parts_.packing.width());
    for (std::size_t s = 0; s < parts_.vectors.count(); ++s) {
      parts_.vectors.get(s, row.data());
      out.put_bytes(std::as_bytes(std::span{row}));
    }
    std::size_t from = 0;
    for (const std::size_t to : parts_.term_ends) {
      out.put(static_cast<std::uint32_t>(to - from));
      out.put_bytes(std::as_bytes(std::span{parts_.terms}.subspan(from, to - from)));
      from = to;
    }
    return;
  }
  if (parts_.kernel == SvmKernel::features) {
    out.put(static_cast<std::uint32_t>(parts_.frequency_count));
    out.put_bytes(std::as_bytes(std::span{parts_.frequencies}));
  }
  out.put_bytes(std::as_bytes(std::span{parts_.weights}));
}

Error damaged(std::string_view what) {
  return {Errc::corrupt, fmt::format("svm: {}", what)};
}

/// Wide enough for any fit, narrow enough that no sum over any file leaves the range of a double.
constexpr double number_max = 1e18;
bool sound(double value) {
  return std::abs(value) <= number_max;  // false for NaN
}

/// `count` floats, each at most `bound` in size. Empty when they are not there.
bool read_floats(ByteReader& in, std::size_t count, float bound, std::vector<float>& to) {
  const auto bytes = in.get_bytes(count * sizeof(float));
  if (!in.ok()) return false;
  to.resize(count);
  if (count > 0) std::memcpy(to.data(), bytes.data(), bytes.size());
  return std::all_of(to.begin(), to.end(), [&](float x) { return std::abs(x) <= bound; });
}

Status load_head(ByteReader& in, SvmParts& parts) {
  const auto kernel = in.get<std::uint8_t>();
  const auto automatic = in.get<std::uint8_t>();
  parts.classes = in.get<std::uint32_t>();
  parts.c = in.get<double>();
  parts.gamma = in.get<double>();
  parts.rows = in.get<std::uint64_t>();
  parts.distinct = in.get<std::uint64_t>();
  parts.learned = in.get<std::uint64_t>();
  parts.unfinished = in.get<std::uint32_t>();
  if (!in.ok() || kernel > static_cast<std::uint8_t>(SvmKernel::features) || automatic > 1 ||
      parts.classes < 2 || parts.classes > fit_classes_max) {
    return damaged("its head does not hold");
  }
  parts.kernel = static_cast<SvmKernel>(kernel);
  parts.automatic = automatic == 1;
  // A gamma of 1e12 times the widest distance, 1.6e6, is far inside a float.
  if (!(parts.c > 0 && parts.c <= number_max && parts.gamma > 0 && parts.gamma <= 1e12)) {
    return damaged("C or gamma is no positive number");
  }
  Result<Scaler> scaler = Scaler::load(in);
  if (!scaler) return scaler.error();
  parts.scaler = std::move(*scaler);
  parts.present = in.get_array<std::uint16_t>();
  if (!in.ok() || parts.scaler.width() == 0 || parts.present.empty() ||
      parts.present.back() >= parts.classes ||
      std::adjacent_find(parts.present.begin(), parts.present.end(), std::greater_equal<>{}) !=
          parts.present.end()) {
    return damaged("its columns or classes do not hold");
  }
  parts.is_flag.assign(parts.scaler.width(), 0);
  parts.packing = packing_of(parts.is_flag);
  return {};
}

Status load_pairs(ByteReader& in, SvmParts& parts) {
  const std::size_t pairs = svm_pairs(parts.present.size());
  if (in.left() < pairs * 3 * sizeof(double)) return damaged("pairs are missing");
  parts.pairs.resize(pairs);
  for (SvmParts::Pair& pair : parts.pairs) {
    pair.sigmoid.a = in.get<double>();
    pair.sigmoid.b = in.get<double>();
    pair.bias = in.get<double>();
    if (!sound(pair.sigmoid.a) || !sound(pair.sigmoid.b) || !sound(pair.bias)) {
      return damaged("a pair's numbers are out of range");
    }
  }
  return {};
}

/// A packed row: numbers within the scaler's bound, words of as many bits as there are flags.
bool sound_vector(const std::vector<float>& row, const ColumnPacking& packing) {
  for (std::size_t c = 0; c < packing.numbers.size(); ++c) {
    if (!(std::abs(row[c]) <= Scaler::bound)) return false;
  }
  for (std::size_t c = packing.numbers.size(); c < row.size(); ++c) {
    if (!(row[c] >= 0 && row[c] < 0x1p24F && row[c] == std::floor(row[c]))) return false;
  }
  return true;
}

Status load_vectors(ByteReader& in, SvmParts& parts) {
  const auto count = in.get<std::uint32_t>();
  const auto flags = in.get_bytes(parts.scaler.width());
  if (!in.ok()) return damaged("columns are missing");
  for (std::size_t c = 0; c < flags.size(); ++c) {
    parts.is_flag[c] = std::to_integer<std::uint8_t>(flags[c]);
    if (parts.is_flag[c] > 1) return damaged("a column is neither flag nor number");
  }
  parts.packing = packing_of(parts.is_flag);
  const std::size_t width = parts.packing.width();
  if (in.left() / sizeof(float) / width < count) return damaged("vectors are missing");
  parts.vectors = LaneRows(count, width, parts.packing.words());
  std::vector<float> row;
  for (std::uint32_t s = 0; s < count; ++s) {
    if (!read_floats(in, width, 0x1p24F, row) || !sound_vector(row, parts.packing)) {
      return damaged("a vector is out of range");
    }
    parts.vectors.set(s, row.data());
  }
  for (std::size_t p = 0; p < parts.pairs.size(); ++p) {
    const auto terms = in.get<std::uint32_t>();
    if (!in.ok() || in.left() / sizeof(SvmTerm) < terms) return damaged("terms are missing");
    // Grows by as much as is there: what doubling would leave unused may be the larger part.
    if (p == 0) parts.terms.reserve(in.left() / sizeof(SvmTerm));
    for (std::uint32_t i = 0; i < terms; ++i) {
      const SvmTerm term{in.get<std::uint32_t>(), in.get<float>()};
      if (term.vector >= count || !sound(static_cast<double>(term.coefficient))) {
        return damaged("a term does not hold");
      }
      parts.terms.push_back(term);
    }
    parts.term_ends.push_back(parts.terms.size());
  }
  return {};
}

Status load_weights(ByteReader& in, SvmParts& parts) {
  if (parts.kernel == SvmKernel::features) {
    parts.frequency_count = in.get<std::uint32_t>();
    if (!in.ok() || parts.frequency_count == 0 || parts.frequency_count % 8 != 0 ||
        parts.frequency_count > svm_features_max / 2 ||
        !read_floats(in, parts.scaler.width() * parts.frequency_count, 1e12F, parts.frequencies)) {
      return damaged("its frequencies do not hold");
    }
  }
  if (!read_floats(in, parts.pairs.size() * parts.dimensions(), 1e18F, parts.weights)) {
    return damaged("its weights do not hold");
  }
  return {};
}

}  // namespace

ColumnPacking packing_of(std::span<const std::uint8_t> is_flag) {
  ColumnPacking packing;
  for (std::uint32_t c = 0; c < is_flag.size(); ++c) {
    (is_flag[c] != 0 ? packing.flags : packing.numbers).push_back(c);
  }
  return packing;
}

std::unique_ptr<Model> make_svm(SvmParts parts) {
  return std::make_unique<Svm>(std::move(parts));
}

Result<std::unique_ptr<Model>> load_svm(ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != svm_version) {
    return Error{Errc::unsupported,
                 fmt::format("svm: version {}, this build reads {}", version, svm_version)};
  }
  SvmParts parts;
  if (const Status status = load_head(in, parts); !status) return status.error();
  if (const Status status = load_pairs(in, parts); !status) return status.error();
  const Status body =
      parts.kernel == SvmKernel::rbf ? load_vectors(in, parts) : load_weights(in, parts);
  if (!body) return body.error();
  return make_svm(std::move(parts));
}

}  // namespace vedette

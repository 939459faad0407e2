#include "feature/source_state.hpp"

#include <algorithm>
#include <cmath>

#include "base/hash.hpp"
#include "record/verdict.hpp"

namespace vedette {

namespace {

/// Times stay below this, so that a float tells half a millisecond apart.
constexpr double origin_span = 4096;
constexpr float ln2 = 0.69314718F;

double seconds_between(Time from, Time to) {
  // As doubles: the difference of two wild times may not fit 64 bits.
  return (static_cast<double>(micros(to)) - static_cast<double>(micros(from))) * 1e-6;
}

/// A count that may be absent or nonsense.
float amount(double value) {
  return value > 0 ? static_cast<float>(std::min(value, 1e15)) : 0.0F;
}

/// Bytes on the wire where Zeek counted them, else the payload: unanswered probes have no payload.
float bytes_of(double ip_bytes, double payload) {
  return amount(std::isnan(ip_bytes) ? payload : ip_bytes);
}

/// Flows of one shape look alike to everybody on the path: protocol, outcome and sizes.
std::uint32_t shape_of(const Flow& flow) {
  const auto number = [](double value) { return std::isnan(value) ? -1.0 : value; };
  const std::array<double, 6> shape{
      static_cast<double>(flow.proto), static_cast<double>(flow.conn_state),
      number(flow.orig_bytes),         number(flow.resp_bytes),
      number(flow.orig_pkts),          number(flow.resp_pkts)};
  return static_cast<std::uint32_t>(hash64(std::as_bytes(std::span{shape}))) | 1U;
}

std::uint64_t port_hash(const Flow& flow) {
  const std::array<std::uint16_t, 2> port{flow.resp_p, static_cast<std::uint16_t>(flow.proto)};
  return hash64(std::as_bytes(std::span{port}));
}

/// The upper half; the tables of slots and bits use the lower. Never 0, which marks a free place.
std::uint32_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32U) | 1U;
}

/// When the flows counted over 10 minutes will have decayed to one.
float worth_of(float last, const PerHorizon& flows) {
  return last + horizons[ten_minutes] * std::log2(std::max(flows[ten_minutes], 1e-6F));
}

float aged(float counter, float seconds) {
  return counter * std::exp2(-seconds / horizons[ten_minutes]);
}

float share(float part, float whole) {
  return whole > 0 ? std::clamp(part / whole, 0.0F, 1.0F) : 0.0F;
}

PerHorizon shares(const PerHorizon& part, const PerHorizon& whole) {
  PerHorizon out{};
  for (std::size_t h = 0; h < horizons.size(); ++h) out[h] = share(part[h], whole[h]);
  return out;
}

}  // namespace

bool failed(const Flow& flow) {
  switch (flow.conn_state) {
    case ConnState::S0:
    case ConnState::REJ:
    case ConnState::RSTOS0:
    case ConnState::SH:
      return true;
    case ConnState::OTH:
      return !(flow.resp_pkts > 0);
    default:
      return false;
  }
}

struct SourceState::Seen {
  float time;
  std::uint64_t destination, port, service;  // hashes; service 0: none
  std::uint32_t shape;
  float failed;  // 0 or 1
  float out, in;

  Seen(const Flow& flow, float at)
      : time(at),
        destination(hash64(flow.resp_h)),
        port(port_hash(flow)),
        service(flow.service.empty() ? 0 : hash64(flow.service)),
        shape(shape_of(flow)),
        failed(vedette::failed(flow) ? 1.0F : 0.0F),
        out(bytes_of(flow.orig_ip_bytes, flow.orig_bytes)),
        in(bytes_of(flow.resp_ip_bytes, flow.resp_bytes)) {}
};

template <class Entry, std::size_t Size>
std::size_t SourceState::Table<Entry, Size>::find(std::uint32_t tag) const {
  return static_cast<std::size_t>(std::find(tags.begin(), tags.end(), tag) - tags.begin());
}

template <class Entry, std::size_t Size>
std::size_t SourceState::Table<Entry, Size>::take(std::uint32_t tag) {
  if (const std::size_t at = find(tag); at < Size) return at;
  const auto at =
      static_cast<std::size_t>(std::min_element(worths.begin(), worths.end()) - worths.begin());
  tags[at] = tag;
  entries[at] = Entry{};
  return at;
}

WindowFacts SourceState::observe(const Flow& flow, Time time, std::uint64_t& too_late) {
  WindowFacts facts;
  if (records_ == 0 && inherited_ == 0) {
    origin_ = since_ = time;
    now_ = 0;
  }
  double at = seconds_between(origin_, time);
  if (at < static_cast<double>(now_ - late_max)) {
    ++too_late;
    if (++late_run_ > late_run_max) {
      *this = SourceState{};
      return observe(flow, time, too_late);
    }
    SourceState look = *this;
    look.count(Seen(flow, now_ - late_max), facts);
    return facts;
  }
  late_run_ = 0;
  if (at > origin_span) {
    move_origin(time);
    at = 0;
  }
  records_ = std::min(records_ + 1, 1'000'000'000U);
  count(Seen(flow, static_cast<float>(at)), facts);
  return facts;
}

float SourceState::watched() const {
  return static_cast<float>(seconds_between(since_, origin_)) + now_;
}

std::uint8_t SourceState::lessons() const {
  const float seconds = watched();
  return static_cast<std::uint8_t>(
      (records_ <= warm_up_records ? bit_of(Lesson::habits) : 0) |
      (seconds < horizons[minute] ? bit_of(Lesson::rate_minute) : 0) |
      (seconds < horizons[ten_minutes] ? bit_of(Lesson::rate_ten) : 0));
}

float SourceState::confidence() const {
  const float seconds = std::max(watched(), 0.0F);
  const float habits =
      std::min(static_cast<float>(records_) / static_cast<float>(warm_up_records), 1.0F);
  const float known = 0.5F * habits + 0.25F * std::min(seconds / horizons[minute], 1.0F) +
                      0.25F * std::min(seconds / horizons[ten_minutes], 1.0F);
  return inherited_ != 0 ? 0.5F + 0.5F * known : known;
}

bool SourceState::is_example(Time time) const {
  const double since = seconds_between(origin_, time) - static_cast<double>(now_);
  return records_ >= warm_up_records && std::abs(since) < static_cast<double>(late_max);
}

void SourceState::start_like(const SourceState& peer, Time now) {
  *this = peer;
  records_ = late_run_ = 0;
  inherited_ = 1;
  since_ = now;
}

void SourceState::move_origin(Time to) {
  const auto by = static_cast<float>(seconds_between(origin_, to));
  const auto move = [by](auto& times) {
    for (float& time : times) time -= by;
  };
  origin_ = to;
  now_ -= by;
  move(destinations_.hits);
  move(ports_.hits);
  move(pairs_.worths);
  move(port_table_.worths);
  for (Pair& pair : pairs_.entries) {
    pair.last -= by;
    move(pair.ports.hits);
  }
  for (Port& port : port_table_.entries) {
    port.last -= by;
    move(port.destinations.hits);
  }
}

void SourceState::count(const Seen& seen, WindowFacts& facts) {
  const float seconds = seen.time - now_;
  const Ageing ageing(seconds);
  now_ = std::max(now_, seen.time);
  count_source(seen, ageing, facts);
  const float before = count_pair(seen, facts.pair);
  facts.source.entropy = count_entropy(ageing, seconds, before);
  count_port(seen, facts.port);
}

void SourceState::count_source(const Seen& seen, const Ageing& ageing, WindowFacts& facts) {
  facts.new_destination = destinations_seen_.is_new(seen.destination);
  facts.new_port = ports_seen_.is_new(seen.port);
  if (seen.service != 0) {
    const std::uint64_t bit = std::uint64_t{1} << (seen.service % 64);
    facts.new_service = (services_seen_ & bit) == 0;
    services_seen_ |= bit;
  }
  std::uint32_t& last_shape = shapes_[(seen.shape >> 1U) % shapes_.size()];
  const bool repeated = last_shape == seen.shape;
  last_shape = seen.shape;

  ageing.count(flows_, 1);
  ageing.count(failed_, seen.failed);
  ageing.count(repeated_, repeated ? 1.0F : 0.0F);
  ageing.count(fresh_, facts.new_destination ? 1.0F : 0.0F);
  ageing.count(out_, seen.out);
  ageing.count(in_, seen.in);
  destinations_.hit(static_cast<std::uint32_t>(seen.destination), seen.time);
  ports_.hit(static_cast<std::uint32_t>(seen.port), seen.time);

  WindowFacts::Source& source = facts.source;
  source.flows = flows_;
  source.failed = shares(failed_, flows_);
  source.repeated = shares(repeated_, flows_);
  source.fresh = shares(fresh_, flows_);
  source.out = out_;
  source.in = in_;
  source.destinations = destinations_.count(now_);
  source.ports = ports_.count(now_);
}

float SourceState::count_pair(const Seen& seen, WindowFacts::Pair& facts) {
  const std::size_t place = pairs_.take(tag_of(seen.destination));
  Pair& pair = pairs_.entries[place];
  const bool known = pair.last > never;
  const float gap = known ? seen.time - pair.last : 0;
  const float before = aged(pair.flows[ten_minutes], now_ - pair.last);
  const Ageing ageing(gap);
  pair.last = known ? std::max(pair.last, seen.time) : seen.time;
  ageing.count(pair.flows, 1);
  ageing.count(pair.failed, ten_minutes, seen.failed);
  ageing.count(pair.repeated, ten_minutes, pair.shape == seen.shape ? 1.0F : 0.0F);
  ageing.count(pair.out, ten_minutes, seen.out);
  ageing.count(pair.in, ten_minutes, seen.in);
  pair.shape = seen.shape;
  pair.ports.hit(static_cast<std::uint32_t>(seen.port), seen.time);
  pairs_.worths[place] = worth_of(pair.last, pair.flows);
  if (known) count_gap(pair, gap, facts);

  const float flows = pair.flows[ten_minutes];
  facts.flows = pair.flows;
  facts.share = share(aged(flows, now_ - pair.last), flows_[ten_minutes]);
  facts.failed = share(pair.failed, flows);
  facts.repeated = share(pair.repeated, flows);
  facts.out = pair.out;
  facts.in = pair.in;
  facts.ports = pair.ports.count(pair.last)[ten_minutes];
  return before;
}

/// Gaps between the starts of flows. Their mean and variance are exponentially weighted (Welford's
/// recurrence, the newest weighs 1/8, and 1/n in the beginning); a flow that comes late adds none.
void SourceState::count_gap(Pair& pair, float gap, WindowFacts::Pair& facts) {
  constexpr float gap_min = 1.0F / 256;
  facts.gap = std::min(std::abs(gap), WindowFacts::gap_max);
  const float octave = std::log2(std::clamp(std::abs(gap), gap_min, 65'536.0F) / gap_min);
  const auto bin = static_cast<std::uint8_t>(1 + std::lround(8 * octave));
  int matches = 0;
  for (const std::uint8_t other : pair.gaps) {
    matches += other != 0 && std::abs(int{other} - int{bin}) <= 1 ? 1 : 0;
  }
  facts.gap_match = static_cast<float>(matches) / static_cast<float>(pair.gaps.size());
  if (gap >= 0) {
    std::copy(pair.gaps.begin() + 1, pair.gaps.end(), pair.gaps.begin());
    pair.gaps.back() = bin;
    pair.gap_count = static_cast<std::uint8_t>(std::min(pair.gap_count + 1, 8));
    const float weight = 1 / static_cast<float>(pair.gap_count);
    const float off = facts.gap - pair.gap_mean;
    pair.gap_mean += weight * off;
    pair.gap_variance = (1 - weight) * (pair.gap_variance + weight * off * off);
  }
  if (pair.gap_count == 0) return;
  facts.gap_mean = pair.gap_mean;
  if (pair.gap_count < 3) return;
  facts.gap_variation = std::min(std::sqrt(pair.gap_variance) / std::max(pair.gap_mean, gap_min),
                                 WindowFacts::variation_max);
}

void SourceState::count_port(const Seen& seen, WindowFacts::Port& facts) {
  const std::size_t place = port_table_.take(tag_of(seen.port));
  Port& port = port_table_.entries[place];
  const bool known = port.last > never;
  const Ageing ageing(known ? seen.time - port.last : 0);
  port.last = known ? std::max(port.last, seen.time) : seen.time;
  ageing.count(port.flows, 1);
  ageing.count(port.failed, ten_minutes, seen.failed);
  port.destinations.hit(static_cast<std::uint32_t>(seen.destination), seen.time);
  port_table_.worths[place] = worth_of(port.last, port.flows);
  facts.flows = port.flows;
  facts.destinations = port.destinations.count(port.last);
  facts.share = share(aged(port.flows[ten_minutes], now_ - port.last), flows_[ten_minutes]);
  facts.failed = share(port.failed, port.flows[ten_minutes]);
}

/// Shannon entropy of the destinations without a walk over them: with c flows to each and N = Σ c
/// it is ln N − Σ c ln c / N, and when all c decay by d, Σ c ln c becomes d Σ c ln c + d ln d N.
/// What an evicted pair had counted stays, as a destination that is not spoken to again.
float SourceState::count_entropy(const Ageing& ageing, float seconds, float before) {
  const auto mass_log = [](double c) { return c > 0 ? c * std::log(c) : 0.0; };
  const double decay = ageing.decay[ten_minutes];
  const double log_decay = -std::max(seconds, 0.0F) / horizons[ten_minutes] * ln2;
  mass_log_ = decay * (mass_log_ + log_decay * mass_);
  mass_ *= decay;
  if (mass_ < 1e-6) mass_ = mass_log_ = 0;
  const double after = static_cast<double>(before + ageing.weight[ten_minutes]);
  mass_log_ += mass_log(after) - mass_log(before);
  mass_ += static_cast<double>(ageing.weight[ten_minutes]);
  const double entropy = std::log(mass_) - mass_log_ / mass_;
  return static_cast<float>(std::clamp(entropy, 0.0, 20.0));
}

void SourceState::prefetch() const {
  constexpr std::ptrdiff_t line = 64;
  const auto fetch = [](const void* from, const void* to) {
    for (const auto* at = static_cast<const char*>(from); at < to; at += line) {
      __builtin_prefetch(at, 1);
    }
  };
  fetch(this, pairs_.entries.data());
  fetch(&port_table_, port_table_.entries.data());
}

// ---- saved bytes ---------------------------------------------------------------------------

namespace {

constexpr float counter_max = 1e30F;

/// Puts each field.
struct Putting {
  ByteWriter& out;
  template <class T>
  void operator()(const T& value) {
    out.put(value);
  }
  template <class T, std::size_t N>
  void operator()(const std::array<T, N>& values) {
    out.put_bytes(std::as_bytes(std::span{values}));
  }
};

/// Gets each field; a number that no state can hold makes the whole damaged.
struct Getting {
  ByteReader& in;
  bool sound = true;

  template <class T>
  void operator()(T& value) {
    value = in.get<T>();
    if constexpr (std::is_floating_point_v<T>) {
      sound = sound && std::abs(value) <= static_cast<T>(counter_max);
    }
  }
  template <class T, std::size_t N>
  void operator()(std::array<T, N>& values) {
    for (T& value : values) (*this)(value);
  }
};

}  // namespace

template <class State, class Field>
void SourceState::walk(State& state, Field& field) {
  field(state.now_);
  field(state.records_);
  field(state.late_run_);
  field(state.inherited_);
  for (auto* counters :
       {&state.flows_, &state.failed_, &state.repeated_, &state.fresh_, &state.out_, &state.in_}) {
    field(*counters);
  }
  field(state.mass_);
  field(state.mass_log_);
  for (auto* seen : {&state.destinations_seen_, &state.ports_seen_}) {
    field(seen->now);
    field(seen->before);
    field(seen->held);
  }
  field(state.services_seen_);
  field(state.shapes_);
  field(state.destinations_.hits);
  field(state.ports_.hits);
  field(state.pairs_.tags);
  field(state.port_table_.tags);
  for (std::size_t i = 0; i < pairs_max; ++i) {
    if (state.pairs_.tags[i] == 0) continue;  // most devices speak to few
    auto& pair = state.pairs_.entries[i];
    field(state.pairs_.worths[i]);
    field(pair.last);
    field(pair.flows);
    for (auto* number :
         {&pair.failed, &pair.repeated, &pair.out, &pair.in, &pair.gap_mean, &pair.gap_variance}) {
      field(*number);
    }
    field(pair.shape);
    field(pair.gaps);
    field(pair.ports.hits);
    field(pair.gap_count);
  }
  for (std::size_t i = 0; i < ports_max; ++i) {
    if (state.port_table_.tags[i] == 0) continue;
    auto& port = state.port_table_.entries[i];
    field(state.port_table_.worths[i]);
    field(port.last);
    field(port.flows);
    field(port.failed);
    field(port.destinations.hits);
  }
}

void SourceState::save(ByteWriter& out) const {
  out.put(micros(origin_));
  out.put(micros(since_));
  Putting field{out};
  walk(*this, field);
}

bool SourceState::load(ByteReader& in) {
  *this = SourceState{};
  origin_ = time_from_micros(in.get<std::int64_t>());
  since_ = time_from_micros(in.get<std::int64_t>());
  Getting field{in};
  walk(*this, field);
  // Damped counters cannot be negative; times and the entropy's sum can.
  const auto positive = [](const auto& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](float value) { return value >= 0; });
  };
  bool sound = in.ok() && field.sound && mass_ >= 0 && records_ > 0 &&
               destinations_seen_.held <= SeenBefore::held_max &&
               ports_seen_.held <= SeenBefore::held_max;
  for (const auto* counters : {&flows_, &failed_, &repeated_, &fresh_, &out_, &in_}) {
    sound = sound && positive(*counters);
  }
  for (const Pair& pair : pairs_.entries) {
    sound = sound && positive(pair.flows) && pair.gap_variance >= 0 && pair.gap_mean >= 0 &&
            pair.gap_count <= pair.gaps.size();
  }
  for (const Port& port : port_table_.entries) sound = sound && positive(port.flows);
  return sound;
}

}  // namespace vedette

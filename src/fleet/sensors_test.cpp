#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <map>

#include "fleet/fleet.hpp"
#include "fleet/parts.hpp"

namespace vedette {
namespace {

using namespace simulator;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-03-02T00:00:00Z, a Monday
const Time monday = time_from_micros(1'772'409'600'000'000);

std::string shortest(double value) {
  std::array<char, 64> text;
  return {text.data(), std::to_chars(text.data(), text.data() + 64, value).ptr};
}

Sort sort_with(Sensor sensor) {
  Profile profile;
  profile.name = "one";
  profile.sensors = {std::move(sensor)};
  return sort_of(profile);
}

TEST(Quantised, AValueIsAMultipleOfItsStepAndWrittenShortly) {
  const struct {
    double step;
    double low;
    double high;
    double value;
    const char* text;
  } rows[] = {{0.1, 0, 100, 0.1 + 0.2, "0.3"},
              {0.1, 0, 100, 0.7000001, "0.7"},
              {0.1, -20, 60, -0.04, "0"},
              {0.1, -20, 60, -0.26, "-0.3"},
              {0.25, 0, 10, 1.13, "1.25"},
              {0.5, 0, 10.25, 11, "10"},
              {0.5, 0.3, 10, 0.3, "0.5"},
              {2.5, 0, 100, 23.7, "22.5"},
              {5, 0, 100, 48, "50"},
              {0.001, 45, 55, 49.99951, "50"},
              {0.001, 45, 55, 50.0125, "50.013"},
              {1e-6, 0, 1, 0.1234564, "0.123456"},
              {0.3, 0, 2, 1.24, "1.2"},
              {1.1, 1.1, 11, 11, "11"},
              {1e9, -1e9, 1e9, 4e8, "0"}};
  for (const auto& row : rows) {
    Sensor sensor;
    sensor.name = "x";
    sensor.step = row.step;
    sensor.low = row.low;
    sensor.high = row.high;
    const Sort sort = sort_with(sensor);
    EXPECT_EQ(shortest(quantised(sort.channels[0], row.value)), row.text)
        << row.step << ' ' << row.value;
  }
}

TEST(Quantised, StaysWithinItsBoundsAndDecimals) {
  Random random{11};
  for (int i = 0; i < 20'000; ++i) {
    Sensor sensor;
    sensor.name = "x";
    const auto decimals = static_cast<int>(random.below(5));
    sensor.step = static_cast<double>(1 + random.below(50)) / std::pow(10, decimals);
    sensor.low = random.uniform(-100, 0);
    sensor.high = sensor.low + sensor.step * random.uniform(1, 1000);
    const Channel channel = sort_with(sensor).channels[0];
    const double value = quantised(channel, random.uniform(-200, 200));
    ASSERT_GE(value, sensor.low - 1e-6) << i;
    const double most = channel.most > channel.least ? sensor.high : sensor.low + sensor.step;
    ASSERT_LE(value, most + 1e-6) << i;
    const std::string text = shortest(value);
    const std::size_t dot = text.find('.');
    ASSERT_LE(dot == text.npos ? 0 : text.size() - dot - 1, static_cast<std::size_t>(decimals))
        << text << " with a step of " << sensor.step;
  }
}

TEST(World, IsColdInWinterAndBeforeSunrise) {
  const World world{1, monday};
  const auto mean = [&](hours from, hours step, int count) {
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += world.at(monday + from + i * step).outside;
    return sum / count;
  };
  const double january = mean(hours{-55 * 24}, hours{1}, 20 * 24);
  const double july = mean(hours{126 * 24}, hours{1}, 20 * 24);
  EXPECT_GT(july - january, 12);
  EXPECT_GT(mean(hours{17}, hours{24}, 60) - mean(hours{5}, hours{24}, 60), 7);
  // Weather: days differ, and one hour is like the next.
  double jump = 0;
  double least = 1e9;
  double most = -1e9;
  for (int hour = 0; hour < 30 * 24; ++hour) {
    const double now = world.at(monday + hours{hour}).outside;
    jump = std::max(jump, std::abs(world.at(monday + hours{hour + 1}).outside - now));
    if (hour % 24 == 17) {
      least = std::min(least, now);
      most = std::max(most, now);
    }
  }
  EXPECT_LT(jump, 3);
  EXPECT_GT(most - least, 3);
}

TEST(World, PeopleAreOutAtNoonOfAWorkday) {
  const World world{1, monday};
  const auto people = [&](int day, int hour) {
    return world.at(monday + hours{day * 24 + hour}).people;
  };
  for (int day = 0; day < 5; ++day) {
    EXPECT_LT(people(day, 11), 0.4);
    EXPECT_EQ(people(day, 22), 1);
  }
  for (int day = 5; day < 7; ++day) EXPECT_GT(people(day, 11), people(0, 11) + 0.3);
  EXPECT_FALSE(world.at(monday + hours{4 * 24 + 23}).weekend);
  EXPECT_TRUE(world.at(monday + hours{5 * 24}).weekend);
}

TEST(Sensors, ALoadIsReachedWithItsTimeConstant) {
  Sensor sensor;
  sensor.name = "bearing_temperature";
  sensor.base = 30;
  sensor.load = 20;
  sensor.warm_up = minutes{10};
  sensor.high = 200;
  const Sort sort = sort_with(sensor);
  const World world{1, monday};
  Device device;
  device.profile = &sort;
  device.measured = monday;
  device.active = true;
  Random random{1};
  std::array<double, channels_max> values{};
  const auto at = [&](Duration after) {
    measure(values, random, device, world.at(monday + after), monday + after);
    return values[0];
  };
  double before = 30;
  for (int second = 1; second <= 600; ++second) {
    const double now = at(seconds{second});
    ASSERT_GE(now, before);
    before = now;
  }
  EXPECT_NEAR(before, 30 + 20 * (1 - std::exp(-1)), 0.1) << "after one time constant";
  EXPECT_GT(at(hours{3}), 30 + 20 * 0.95) << "one long step reaches it too, and not beyond";
  EXPECT_LE(values[0], 50);
  device.active = false;
  EXPECT_GT(at(hours{3} + seconds{60}), 45) << "and it cools down as slowly";
}

/// Every reading of one device, by the sensor's name.
std::map<std::string, std::vector<double>> readings_of(const char* profile, Duration length) {
  FleetPlan plan;
  plan.start = monday;
  plan.episode_every = Duration{0};
  plan.groups = {{.profile = profile, .count = 1, .name = "one", .pace = 0.1}};
  FleetSimulator fleet{plan};
  std::map<std::string, std::vector<double>> seen;
  Simulated said;
  for (fleet.next(said); said.record.time < monday + length; fleet.next(said)) {
    for (const Reading::Value& value : said.record.reading) seen[value.name].push_back(value.value);
  }
  return seen;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sa += a[i];
    sb += b[i];
    saa += a[i] * a[i];
    sbb += b[i] * b[i];
    sab += a[i] * b[i];
  }
  return (sab - sa * sb / n) / std::sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
}

TEST(Sensors, HumidityFallsAsTheTemperatureRises) {
  const auto seen = readings_of("thermostat", hours{7 * 24});
  ASSERT_GT(seen.at("temperature").size(), 10'000U);
  EXPECT_LT(correlation(seen.at("temperature"), seen.at("humidity")), -0.6);
}

TEST(Sensors, AMetersCurrentFollowsItsPower) {
  const auto seen = readings_of("meter", hours{24});
  EXPECT_GT(correlation(seen.at("power"), seen.at("current")), 0.98);
}

TEST(Sensors, ABatteryFallsAndIsRenewed) {
  const auto seen = readings_of("doorbell", hours{60 * 24});
  const std::vector<double>& battery = seen.at("battery");
  std::size_t renewals = 0;
  for (std::size_t i = 1; i < battery.size(); ++i) {
    if (battery[i] > battery[i - 1] + 50) {
      ++renewals;
    } else {
      ASSERT_NEAR(battery[i], battery[i - 1], 3);
    }
  }
  // 2.5 a day from some 100 to 15: once in 34 days.
  EXPECT_GE(renewals, 1U);
  EXPECT_LE(renewals, 2U);
}

TEST(Sensors, EveryBuiltInSensorMovesAndStaysInItsBounds) {
  for (const Profile& profile : built_in_profiles()) {
    const auto seen = readings_of(profile.name.c_str(), hours{48});
    ASSERT_EQ(seen.size(), profile.sensors.size()) << profile.name;
    for (const Sensor& sensor : profile.sensors) {
      const std::vector<double>& values = seen.at(sensor.name);
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      EXPECT_GE(*least, sensor.low) << profile.name << ' ' << sensor.name;
      EXPECT_LE(*most, sensor.high) << profile.name << ' ' << sensor.name;
      const bool counts = sensor.name == "children";  // which never changes
      EXPECT_EQ(*least == *most, counts) << profile.name << ' ' << sensor.name;
    }
  }
}

}  // namespace
}  // namespace vedette

import { describe, expect, it } from "vitest";
import { ago, bytes, count, counted, delay, micros, number, percent, printable, rate, score, seconds, short, words } from "./format";

describe("numbers", () => {
  it.each([
    ["count groups thousands", count(1234567), "1,234,567"],
    ["a missing count is not zero", count(undefined), "–"],
    ["not a number is missing", count(Number.NaN), "–"],
    ["one flow", counted(1, "flow"), "1 flow"],
    ["no flows", counted(0, "flow"), "0 flows"],
    ["two halves", counted(2, "half", "halves"), "2 halves"],
    ["short keeps what fits", short(99_999), "99,999"],
    ["short thousands", short(123_456), "123 k"],
    ["short millions", short(1_234_567), "1.23 M"],
    ["short beyond", short(45_600_000_000), "45.6 G"],
    ["rate keeps a digit when low", rate(12.34), "12.3"],
    ["rate of nothing", rate(0), "0"],
    ["rate hardly above nothing", rate(0.04), "0.04"],
    ["rate when high", rate(4321.4), "4,321"],
    ["number: four digits", number(0.123456), "0.1235"],
    ["number: very small", number(0.0000123), "1.23e-5"],
    ["number: very large", number(2.5e12), "2.50e12"],
    ["number: null is missing", number(null), "–"],
    ["score", score(0.61549), "0.615"],
    ["percent", percent(0.12345), "12.3 %"],
    ["percent: a small false positive rate stays visible", percent(0.00012), "0.012 %"],
    ["percent: nearly all is not all", percent(0.9987), "99.87 %"],
    ["percent: all", percent(1), "100 %"],
    ["bytes", bytes(1023), "1,023 B"],
    ["kibibytes", bytes(48211), "47.1 KiB"],
    ["mebibytes", bytes(150 * 1024 * 1024), "150 MiB"],
    ["microseconds", micros(950), "950 µs"],
    ["milliseconds", micros(4120), "4.1 ms"],
    ["seconds of a batch", micros(2_500_000), "2.5 s"],
  ])("%s", (_what, actual, expected) => expect(actual).toBe(expected));
});

describe("times", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  it.each([
    ["2026-01-01T11:59:59Z", "just now"],
    ["2026-01-01T12:00:20Z", "just now"],
    ["2026-01-01T11:59:30Z", "30 s ago"],
    ["2026-01-01T11:10:00Z", "50 min ago"],
    ["2026-01-01T02:00:00Z", "10 h ago"],
    ["2025-12-30T12:00:00Z", "2 d ago"],
    ["not a time", "–"],
  ])("%s reads %s", (time, expected) => expect(ago(time, now)).toBe(expected));

  it.each([
    [0, "0 s"],
    [59.6, "1 min"],
    [95, "1 min 35 s"],
    [7200, "2 h"],
    [93_784, "1 d 2 h"],
  ])("%d seconds read %s", (value, expected) => expect(seconds(value)).toBe(expected));
});

describe("how long it took", () => {
  it.each([
    [null, "–"],
    [undefined, "–"],
    [Number.NaN, "–"],
    [0, "0 s"],
    [0.04, "<0.1 s"],
    [0.1, "0.1 s"],
    [3.21, "3.2 s"],
    [9.94, "9.9 s"],
    [9.96, "10 s"],
    [14.4, "14 s"],
    [95, "1 min 35 s"],
  ])("%s reads %s", (value, expected) => expect(delay(value)).toBe(expected));
});

describe("names for people", () => {
  it.each([
    ["udp_flood", "UDP flood"],
    ["level_shift", "Level shift"],
    ["mqtt_topic_guessing", "MQTT topic guessing"],
    ["stuck", "Stuck"],
    ["", ""],
  ])("%s reads %s", (name, expected) => expect(words(name)).toBe(expected));
});

describe("printable", () => {
  it("shows what cannot be seen, and leaves the rest alone", () => {
    expect(printable("a\u0000b\n\t<b>é")).toBe("a\\x00b\\n\\t<b>é");
  });
  it("disarms marks that turn the direction of text", () => {
    expect(printable("abc\u202etxt")).toBe("abc\\u202etxt");
  });
});

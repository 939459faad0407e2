import { describe, expect, it } from "vitest";
import { at, causeScore, detector, running, scored } from "@/test-data";
import { fleetTime } from "./api/event-time";
import { fateText, groupsOf, lanesOf, median, newsOf, scaleOf, summaryOf, totalsOf } from "./api/score";
import type { Fate } from "./api/score";
import { readLength } from "./components/Chaos";

const missed = { time_to_detect_seconds: null, flagged: 0 };

describe("a lane", () => {
  it.each([
    ["found and over", scored(), [], "found", false, 30],
    ["found and running", scored(), [running()], "found", true, 50],
    ["not found, running", scored(missed), [running()], "pending", true, 50],
    ["not found, over", scored(missed), [], "missed", false, 30],
    ["another number runs", scored(missed), [running({ number: 2 })], "missed", false, 30],
    ["another device runs", scored(missed), [running({ device: "camera-02" })], "missed", false, 30],
    ["the same number of a simulator that started again", scored(missed), [running({ begins: at(55) })], "missed", false, 30],
    ["times rounded on their way", scored(missed), [running({ begins: at(10.0004) })], "pending", true, 50],
  ] as const)("%s", (_what, episode, going, fate, runs, seconds) => {
    const lane = lanesOf([episode], going, at(60))[0]!;
    expect([lane.fate, lane.running, lane.seconds]).toEqual([fate, runs, seconds]);
  });
  it("is told apart from an equal number of another day", () => {
    const [a, b] = lanesOf([scored(), scored({ begins: at(500) })], [], "");
    expect(a!.key).not.toBe(b!.key);
  });
  it.each([
    [0, "found at once"],
    [0.05, "found at once"],
    [3.2, "found after 3.2 s"],
    [null, "found"],
  ])("found with a delay of %s is %s", (time_to_detect_seconds, expected) => {
    expect(fateText(lanesOf([scored({ time_to_detect_seconds })], [], "")[0]!)).toBe(expected);
  });
});

describe("the summary", () => {
  it("of nothing has no delay, which is not a delay of zero", () => {
    expect(summaryOf([])).toEqual({ all: 0, found: 0, pending: 0, median: null, slowest: null });
  });
  it("counts what still runs among all, and as pending", () => {
    const episodes = [scored(), scored({ number: 2, time_to_detect_seconds: 5 }), scored({ ...missed, number: 3 }), scored({ ...missed, number: 4 })];
    expect(summaryOf(lanesOf(episodes, [running({ number: 4 })], at(60)))).toEqual({ all: 4, found: 2, pending: 1, median: 4.1, slowest: 5 });
  });
  it("counts what was flagged nobody knows when, and takes no delay from it", () => {
    const { found, median: middle } = summaryOf(lanesOf([scored({ time_to_detect_seconds: null })], [], ""));
    expect([found, middle]).toEqual([1, null]);
  });
  it.each([
    [[], null],
    [[3], 3],
    [[9, 1, 4], 4],
    [[10, 1, 3, 2], 2.5],
  ])("the median of %j is %s", (values, expected) => expect(median(values)).toBe(expected));
});

describe("the totals", () => {
  it("have no ratio where nothing was counted", () => {
    expect(totalsOf([])).toMatchObject({ recall: null, precision: null, falsePositiveRate: null });
    expect(totalsOf([detector({ true_negatives: 5 })])).toMatchObject({ recall: null, precision: null, falsePositiveRate: 0 });
  });
  it("add the counts, not the ratios", () => {
    const both = [
      detector({ true_positives: 90, false_negatives: 10, false_positives: 10, true_negatives: 990 }),
      detector({ true_positives: 0, false_negatives: 100, false_positives: 0, true_negatives: 0 }),
    ];
    expect(totalsOf(both)).toEqual({
      bad: 200, found: 90, alarms: 100, benign: 1000, falseAlarms: 10, recall: 0.45, precision: 0.9, falsePositiveRate: 0.01,
    });
  });
});

it("attacks come before faults, each by name, and detectors of one cause together", () => {
  const groups = groupsOf([
    causeScore({ cause: "drift", fault: true }),
    causeScore({ cause: "udp_flood", detector: "tree" }),
    causeScore({ cause: "beacon" }),
    causeScore({ cause: "udp_flood", detector: "quarantine" }),
  ]);
  expect(groups.map((group) => [group.cause, group.rows.map((row) => row.detector)])).toEqual([
    ["beacon", ["tree-00000001"]],
    ["udp_flood", ["quarantine", "tree"]],
    ["drift", ["tree-00000001"]],
  ]);
});

describe("news", () => {
  const fates = (lanes: ReturnType<typeof lanesOf>) => new Map<string, Fate>(lanes.map((lane) => [lane.key, lane.fate]));
  const pending = lanesOf([scored(missed)], [running()], at(20));
  it("are none at the first look", () => expect(newsOf(null, lanesOf([scored()], [], ""))).toEqual([]));
  it("are none while nothing changes", () => {
    const lanes = lanesOf([scored()], [], "");
    expect(newsOf(fates(lanes), lanes)).toEqual([]);
  });
  it("say what was found", () => {
    expect(newsOf(fates(pending), lanesOf([scored()], [running()], at(20)))).toEqual(["UDP flood on camera-01 found after 3.2 s"]);
  });
  it("say what was missed once it is over", () => {
    expect(newsOf(fates(pending), lanesOf([scored(missed)], [], ""))).toEqual(["UDP flood on camera-01 missed"]);
  });
  it("say nothing of what began and is not found yet", () => expect(newsOf(new Map(), pending)).toEqual([]));
});

describe("the axis of the lanes", () => {
  const lasting = (...lengths: number[]) => lanesOf(lengths.map((length, i) => scored({ number: i, begins: at(0), last_record: at(length) })), [], "");
  it("holds the longest", () => expect(scaleOf(lasting(30, 40, 60)).seconds).toBe(60));
  it("is not stretched by one slow scan", () => expect(scaleOf(lasting(30, 30, 30, 3600)).seconds).toBe(120));
  it("of a moment still has a width", () => expect(scaleOf(lasting(0)).seconds).toBe(5));
  it("has few ticks, from zero", () => {
    for (const length of [5, 7, 30, 61, 400, 3601, 90_000, 3_000_000]) {
      const { ticks, seconds } = scaleOf(lasting(length));
      expect(ticks[0]).toBe(0);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(ticks.at(-1)).toBeLessThanOrEqual(seconds);
    }
  });
});

describe("the fleet's clock", () => {
  it.each([
    ["one look: as fast as ours", [{ ours: 1000, fleets: 50_000 }], 3000, 52_000],
    ["sixty times as fast", [{ ours: 0, fleets: 0 }, { ours: 2000, fleets: 120_000 }], 3000, 180_000],
    ["it stands still", [{ ours: 0, fleets: 7 }, { ours: 2000, fleets: 7 }], 9000, 7],
    ["it was started again: never backwards from the last look", [{ ours: 0, fleets: 900 }, { ours: 2000, fleets: 100 }], 3000, 100],
    ["our clock is read before the last answer came", [{ ours: 1000, fleets: 500 }], 900, 500],
  ])("%s", (_what, looks, ours, expected) => expect(fleetTime(looks, ours)).toBe(expected));
});

describe("a typed length", () => {
  it.each([["30", 30], ["1.5", 1.5], ["", null], [" ", null], ["0", null], ["-5", null], ["86400", 86_400], ["86401", null], ["abc", null]])(
    "%j is %s", (text, expected) => expect(readLength(text)).toBe(expected));
});

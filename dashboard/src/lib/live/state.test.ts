import { describe, expect, it } from "vitest";
import { counters, tick, verdict } from "@/test-data";
import { emptyLive, isSample, limits, pointBetween, withConnection, withEvents, withTimeline } from "./state";
import type { LiveEvent } from "./state";

const ticks = (...all: ReturnType<typeof tick>[]): LiveEvent[] => all.map((one) => ({ type: "tick", tick: one }));
const verdictEvents = (from: number, to: number): LiveEvent[] =>
  Array.from({ length: to - from }, (_, i) => ({ type: "verdict", verdict: verdict(String(from + i)) }));

describe("ticks", () => {
  it("become points: differences of the counters per second", () => {
    const point = pointBetween(tick(0, { received: 100, verdicts: 90 }), tick(2, { received: 300, verdicts: 270, anomalies: 6 }));
    expect(point).toMatchObject({ received: 100, verdicts: 90, anomalies: 3, quarantined: 0 });
  });
  it("of a restarted service make no point", () => {
    expect(pointBetween(tick(0, { received: 100 }), tick(1, { received: 3 }))).toBeNull();
  });
  it("of the same moment make no point", () => {
    expect(pointBetween(tick(1), tick(1))).toBeNull();
  });
  it("set counters and keep no more points than the chart shows", () => {
    const all = Array.from({ length: limits.points + 50 }, (_, i) => tick(i, { received: i * 10 }));
    const state = withEvents(emptyLive, ticks(...all));
    expect(state.points).toHaveLength(limits.points);
    expect(state.points.at(-1)?.received).toBe(10);
    expect(state.counters?.received).toBe((limits.points + 49) * 10);
  });
  it("after a lost stream do not draw the gap as one huge second", () => {
    let state = withEvents(emptyLive, ticks(tick(0, { received: 0 }), tick(1, { received: 5 })));
    state = withConnection(state, "lost");
    state = withEvents(withConnection(state, "open"), ticks(tick(60, { received: 9000 }), tick(61, { received: 9007 })));
    expect(state.points.map((point) => point.received)).toEqual([5, 7]);
  });
});

describe("verdicts", () => {
  it("are newest first, bounded, and all counted", () => {
    const state = withEvents(withEvents(emptyLive, verdictEvents(0, 150)), verdictEvents(150, 300));
    expect(state.verdicts).toHaveLength(limits.verdicts);
    expect(state.verdicts[0]?.id).toBe("299");
    expect(state.verdicts.at(-1)?.id).toBe("100");
    expect(state.verdictEvents).toBe(300);
  });
  it("leave the list untouched when a frame brings none", () => {
    const before = withEvents(emptyLive, verdictEvents(0, 3));
    expect(withEvents(before, ticks(tick(1))).verdicts).toBe(before.verdicts);
  });
  it("are a sample when the line judges more than are shown", () => {
    let state = emptyLive;
    for (let second = 0; second < 4; second += 1) {
      state = withEvents(state, [...verdictEvents(second * 40, second * 40 + 40), ...ticks(tick(second, {}, 800))]);
    }
    expect(state.shownRate).toBe(40);
    expect(isSample(state)).toBe(true);
    expect(isSample({ ...state, rates: { received: 41, verdicts: 41, anomalies: 0 } })).toBe(false);
  });
  it("are not called a sample before anything was measured", () => {
    expect(isSample(withEvents(emptyLive, ticks(tick(0, {}, 800))))).toBe(false);
  });
});

describe("other events", () => {
  it("count changes of alerts, so that lists ask again", () => {
    const change = { event: "raised" as const, alert: { id: 1 } as never };
    expect(withEvents(emptyLive, [{ type: "alert", change }, { type: "alert", change }]).alarmChanges).toBe(2);
  });
  it("count changes of incidents with them", () => {
    const change = { event: "updated" as const, incident: { id: 1 } as never };
    const state = withEvents(emptyLive, [{ type: "incident", change }]);
    expect(withEvents(state, [{ type: "incident", change }, ...ticks(tick(1))]).alarmChanges).toBe(2);
  });
});

describe("the timeline", () => {
  const point = (second: number, received: number) => ({ ...counters({ received }), time: tick(second).time });
  it("replaces what was seen and keeps newer seconds", () => {
    const seen = withEvents(emptyLive, ticks(tick(8, { received: 0 }), tick(9, { received: 1 }), tick(10, { received: 3 })));
    const state = withTimeline(seen, [point(7, 70), point(8, 80), point(9, 90)]);
    expect(state.points.map((one) => one.received)).toEqual([70, 80, 90, 2]);
  });
  it("is not followed by a second it already holds", () => {
    let state = withEvents(emptyLive, ticks(tick(9, { received: 0 })));
    state = withTimeline(state, [point(9, 90), point(10, 100)]);
    state = withEvents(state, ticks(tick(10, { received: 4 }), tick(11, { received: 9 })));
    expect(state.points.map((one) => one.received)).toEqual([90, 100, 5]);
  });
});

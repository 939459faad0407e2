import { beforeEach, describe, expect, it } from "vitest";
import { tick, verdict } from "@/test-data";
import { limits } from "./state";
import { LiveStore, silenceMillis } from "./store";
import type { Stream } from "./store";

class ScriptedStream implements Stream {
  readyState = 0;
  private readonly listeners = new Map<string, ((event: MessageEvent<string>) => void)[]>();
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void) {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }
  close() {
    this.readyState = 2;
  }
  say(type: string, value: unknown = {}) {
    const data = typeof value === "string" ? value : JSON.stringify(value);
    this.listeners.get(type)?.forEach((listener) => listener(new MessageEvent(type, { data })));
  }
}

let streams: ScriptedStream[];
let frames: (() => void)[];
let timers: { call: () => void; milliseconds: number }[];
let store: LiveStore;

const frame = () => frames.splice(0).forEach((call) => call());
const fire = (milliseconds: number) => {
  const at = timers.findIndex((timer) => timer.milliseconds === milliseconds);
  expect(at, `a timer of ${milliseconds} ms`).toBeGreaterThanOrEqual(0);
  timers.splice(at, 1)[0]!.call();
};

beforeEach(() => {
  streams = [];
  frames = [];
  timers = [];
  store = new LiveStore({
    open: () => {
      streams.push(new ScriptedStream());
      return streams.at(-1)!;
    },
    timeline: () => Promise.resolve({ step_seconds: 1, points: [{ time: tick(0).time, received: 3, verdicts: 3, anomalies: 0, quarantined: 0 }] }),
    soon: (call) => frames.push(call),
    later: (call, milliseconds) => {
      const timer = { call, milliseconds };
      timers.push(timer);
      return () => void (timers = timers.filter((one) => one !== timer));
    },
  });
});

describe("the live store", () => {
  it("opens one stream however often it is started", () => {
    store.start();
    store.start();
    expect(streams).toHaveLength(1);
  });
  it("loads the timeline when the stream opens", async () => {
    store.start();
    streams[0]!.say("open");
    await Promise.resolve();
    expect(store.get().connection).toBe("open");
    expect(store.get().points).toHaveLength(1);
  });
  it("applies all events of a frame with one notification", () => {
    store.start();
    let notified = 0;
    store.subscribe(() => (notified += 1));
    for (let i = 0; i < 40; i += 1) streams[0]!.say("verdict", verdict(String(i)));
    expect(store.get().verdicts).toHaveLength(0);
    frame();
    expect(notified).toBe(1);
    expect(store.get().verdicts).toHaveLength(40);
  });
  it("stays bounded when no frame comes", () => {
    store.start();
    for (let i = 0; i < 5_000; i += 1) streams[0]!.say("verdict", verdict(String(i)));
    frame();
    expect(store.get().verdicts).toHaveLength(limits.verdicts);
    expect(store.get().verdicts[0]?.id).toBe("4999");
  });
  it("skips an event that cannot be read", () => {
    store.start();
    streams[0]!.say("verdict", "{broken");
    streams[0]!.say("verdict", verdict("1"));
    frame();
    expect(store.get().verdicts.map((one) => one.id)).toEqual(["1"]);
  });
  it("says that it is lost, waits longer each time, and recovers", () => {
    store.start();
    streams[0]!.say("open");
    streams[0]!.say("error");
    expect(store.get().connection).toBe("lost");
    expect(streams[0]!.readyState).toBe(2);
    fire(1_000);
    streams[1]!.say("error");
    fire(2_000);
    streams[2]!.say("open");
    expect(store.get().connection).toBe("open");
    streams[2]!.say("error");
    fire(1_000);
    expect(streams).toHaveLength(4);
  });
  it("takes silence for a loss", () => {
    store.start();
    streams[0]!.say("open");
    fire(silenceMillis);
    expect(store.get().connection).toBe("lost");
  });
  it("ignores a stream it has given up", () => {
    store.start();
    store.retry();
    streams[0]!.say("verdict", verdict("old"));
    streams[0]!.say("error");
    frame();
    expect(store.get()).toMatchObject({ connection: "connecting", verdicts: [] });
  });
  it("forgets everything when stopped", () => {
    store.start();
    streams[0]!.say("verdict", verdict("1"));
    frame();
    store.stop();
    expect(store.get().verdicts).toHaveLength(0);
    expect(streams[0]!.readyState).toBe(2);
    expect(timers).toHaveLength(0);
  });
});

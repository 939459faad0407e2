import { describe, expect, it } from "vitest";
import type { Device } from "@/lib/api-types";
import { verdict } from "@/test-data";
import { learnedOf } from "./DevicePage";
import { filled } from "./RollUpPanel";
import { matching, sorted } from "./sorting";

const device = (name: string, changes: Partial<Device> = {}): Device => ({
  device: name, first_seen: "2026-01-01T00:00:00Z", last_seen: "2026-01-01T00:00:00Z",
  flows: 0, readings: 0, anomalies: 0, open_alerts: 0, ...changes,
});
const names = (devices: Device[]) => devices.map((one) => one.device);

describe("the table of devices", () => {
  it("sorts names as people count", () => {
    const all = ["cam-10", "cam-9", "cam-1"].map((name) => device(name));
    expect(names(sorted(all, { column: "device", descending: false }))).toEqual(["cam-1", "cam-9", "cam-10"]);
  });
  it("keeps equal devices by name in both directions", () => {
    const all = [device("b"), device("a"), device("c", { anomalies: 5 })];
    expect(names(sorted(all, { column: "anomalies", descending: true }))).toEqual(["c", "a", "b"]);
    expect(names(sorted(all, { column: "anomalies", descending: false }))).toEqual(["a", "b", "c"]);
  });
  it("adds flows and readings", () => {
    const all = [device("a", { flows: 3 }), device("b", { flows: 2, readings: 2 })];
    expect(names(sorted(all, { column: "records", descending: true }))).toEqual(["b", "a"]);
  });
  it("finds by any part of the name", () => {
    expect(names(matching([device("Cam-1"), device("lock")], " cam "))).toEqual(["Cam-1"]);
  });
});

describe("how much is learned of a device", () => {
  const flow = verdict("1", { confidence: 0.9 });
  const older = verdict("2", { confidence: 0.2 });
  const reading = verdict("3", { kind: "reading" });
  it.each([
    ["nothing without verdicts", [], []],
    ["the newest of each kind", [flow, older, reading], ["1", "3"]],
    ["flows first, whichever came last", [reading, flow], ["1", "3"]],
    ["not of what no model judged", [verdict("4", { certainty: "no_model" }), older], ["2"]],
  ])("%s", (_what, verdicts, expected) => expect(learnedOf(verdicts).map((one) => one.id)).toEqual(expected));
});

describe("the roll-up chart", () => {
  const minute = (at: number, flows: number, anomalies = 0) => ({
    minute: new Date(at * 60_000).toISOString(), flows, readings: 1, anomalies, score_max: 0,
  });
  it("draws silence as zero and not as a slope", () => {
    expect(filled([minute(1, 4), minute(5, 9, 2)])).toEqual([
      [60, 120, 240, 300],
      [5, 0, 0, 10],
      [0, 0, 0, 2],
    ]);
  });
  it("needs one zero for one silent minute", () => {
    expect(filled([minute(1, 0), minute(3, 0)])[0]).toEqual([60, 120, 180]);
  });
});

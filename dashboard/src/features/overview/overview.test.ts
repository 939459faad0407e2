import { describe, expect, it } from "vitest";
import type { Device } from "@/lib/api-types";
import { growth } from "./api/recent-anomalies";
import { heatOf } from "./components/DeviceHeat";

const device = (name: string, anomalies: number) => ({ device: name, anomalies }) as Device;

describe("anomalies while watched", () => {
  it("are nothing at the first look", () => {
    expect(growth([], [device("a", 900)]).get("a")).toBe(0);
  });
  it("are what a device's counter grew by", () => {
    expect(growth([new Map([["a", 900]]), new Map([["a", 905]])], [device("a", 912)]).get("a")).toBe(12);
  });
  it("of a device that came later are all of its anomalies", () => {
    expect(growth([new Map([["a", 1]])], [device("b", 7)]).get("b")).toBe(7);
  });
  it("never shrink below nothing when the store forgot old ones", () => {
    expect(growth([new Map([["a", 900]])], [device("a", 10)]).get("a")).toBe(0);
  });
});

describe("heat", () => {
  it.each([[0, 0], [1, 1], [9, 1], [10, 2], [99, 2], [100, 3], [999, 3], [1000, 4]])("of %d anomalies is step %d", (anomalies, step) => {
    expect(heatOf(anomalies)).toBe(step);
  });
});

import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Device, Drift } from "@/lib/api-types";
import { growth } from "./api/recent-anomalies";
import { heatOf } from "./components/DeviceHeat";
import { DriftNotices } from "./components/DriftNotices";

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

describe("the notice of drift", () => {
  const drift = (changes: Partial<Drift> = {}): Drift => ({
    model: "tree-00000001", records: 5000, score_mean: 0.2, score_before: 0.1, columns: [], drifted_columns: 0, notices: 1,
    sentence: "scores of normal flows moved from 0.1 to 0.2", last_notice: "2026-01-01T10:00:00Z", ...changes,
  });
  it.each([
    ["is shown", drift(), "2026-01-01T12:00:00Z", 1],
    ["stands for a day", drift(), "2026-01-02T09:59:59Z", 1],
    ["and no longer", drift(), "2026-01-02T10:00:01Z", 0],
    ["is not there before the first", drift({ sentence: "", last_notice: null, notices: 0 }), "2026-01-01T12:00:00Z", 0],
    ["is not there without a model", null, "2026-01-01T12:00:00Z", 0],
  ])("%s", (_what, flow, now, shown) => {
    render(<DriftNotices status={{ now, drift: { flow, reading: null } }} />);
    expect(screen.queryAllByText("scores of normal flows moved from 0.1 to 0.2")).toHaveLength(shown);
    expect(screen.queryAllByText("Drift of flows:")).toHaveLength(shown);
  });
});

import { describe, expect, it } from "vitest";
import { rangeGeometry } from "./range";

describe("rangeGeometry", () => {
  it("puts a value inside its range between its ends", () => {
    expect(rangeGeometry(5, 0, 10)).toEqual({ low: 10, high: 90, value: 50, inside: true });
  });
  it("stretches to a value above", () => {
    expect(rangeGeometry(20, 0, 10)).toEqual({ low: 10, high: 50, value: 90, inside: false });
  });
  it("stretches to a value below", () => {
    expect(rangeGeometry(-10, 0, 10)).toEqual({ low: 50, high: 90, value: 10, inside: false });
  });
  it("keeps the range visible when the value is far away", () => {
    const at = rangeGeometry(40_000, 0, 3)!;
    expect(at.value).toBeCloseTo(90);
    expect(at.high - at.low).toBeGreaterThan(5);
  });
  it("draws a range of one number", () => {
    expect(rangeGeometry(1, 1, 1)).toMatchObject({ value: 50, inside: true });
    expect(rangeGeometry(2, 1, 1)).toMatchObject({ low: 10, high: 10, value: 90, inside: false });
  });
  it("refuses what is missing or the wrong way round", () => {
    expect(rangeGeometry(null, 0, 1)).toBeNull();
    expect(rangeGeometry(1, 3, 2)).toBeNull();
  });
});

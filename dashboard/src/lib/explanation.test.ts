import { describe, expect, it } from "vitest";
import { distanceWords, smallestChange, timeOfRecord } from "./explanation";

describe("the smallest change", () => {
  const a = { feature: "rate", from: 214, to: 3, text: "" };
  const b = { feature: "proto=tcp", from: 1, to: 0, text: "" };
  const family = { feature: "source_failed_*", from: 0.98, to: 0.1, text: "" };
  const told = { ...a, text: "opened about 3 connections in 10 s instead of 214" };
  it.each([
    ["none was found", [], ""],
    ["one", [a], "With rate at 3 instead of 214 it would have been usual (score 0.210)."],
    ["two", [a, b], "With rate at 3 instead of 214 and proto=tcp at 0 instead of 1 it would have been usual (score 0.210)."],
    ["three, of a family", [a, b, family], "With rate at 3 instead of 214, proto=tcp at 0 instead of 1 and source_failed at 0.1 instead of 0.98, over all its spans it would have been usual (score 0.210)."],
    ["in words", [told, { ...b, text: "spoke dns" }], "Usual would have been: opened about 3 connections in 10 s instead of 214; spoke dns (score 0.210)."],
    ["from a missing value", [{ ...a, from: null }], "With rate at 3 instead of – it would have been usual (score 0.210)."],
  ])("%s", (_what, changes, expected) => expect(smallestChange({ changes, changed_score: 0.21 })).toBe(expected));
});

describe("the time of a record", () => {
  it.each([["1545403816962094-0123456789abcdef", "2018-12-21T14:50:16.962Z"], ["-1000000-00000000000000ff", "1969-12-31T23:59:59.000Z"], ["nonsense", ""]])("of %s is %s", (id, expected) => {
    expect(timeOfRecord(id)).toBe(expected);
  });
});

describe("a distance", () => {
  it.each([[0, "equal in all that counts"], [0.004, "less than 1 % away"], [0.236, "24 % away"], [1, "100 % away"], [null, "at an unknown distance"]])("%s reads %s", (distance, expected) => {
    expect(distanceWords(distance)).toBe(expected);
  });
});

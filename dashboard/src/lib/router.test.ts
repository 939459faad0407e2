import { describe, expect, it } from "vitest";
import { href, parseHash } from "./router";

describe("addresses", () => {
  it.each(["cam-1", "a/b", "hall 7?", "100%", "größe#2"])("carry the device %s there and back", (device) => {
    expect(parseHash(href(["devices", device])).path).toEqual(["devices", device]);
  });
  it("carry filters and drop empty ones", () => {
    const to = href(["verdicts"], { label: "C&C", device: "" });
    expect(to).toBe("#/verdicts?label=C%26C");
    expect(parseHash(to).query.get("label")).toBe("C&C");
  });
  it("show a hand-typed percent sign instead of failing", () => {
    expect(parseHash("#/devices/%zz").path).toEqual(["devices", "%zz"]);
  });
  it("of the front page are empty", () => {
    expect(parseHash("").path).toEqual([]);
    expect(parseHash(href([])).path).toEqual([]);
  });
});

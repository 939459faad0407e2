import { describe, expect, it } from "vitest";
import { pages } from "./pages";

describe("the table of pages", () => {
  it("begins its menu with the overview and the incidents", () => {
    expect(pages.filter((page) => !page.under).slice(0, 2).map((page) => page.path)).toEqual(["", "incidents"]);
  });
  it("has every address once", () => {
    expect(new Set(pages.map((page) => page.path)).size).toBe(pages.length);
  });
  it("marks a page of the menu for each that is not in it", () => {
    const inMenu = pages.filter((page) => !page.under).map((page) => page.path);
    const parents = pages.flatMap((page) => page.under ?? []);
    expect(parents).toEqual(["incidents"]);
    expect(inMenu).toEqual(expect.arrayContaining(parents));
  });
});

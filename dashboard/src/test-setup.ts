/** jsdom has no layout and no media: what uPlot and the theme ask for while they load. */
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

vi.stubGlobal("matchMedia", (query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
  addListener: () => undefined,
  removeListener: () => undefined,
}));

// A machine that also compiles needs more than the usual second to draw a page.
configure({ asyncUtilTimeout: 4_000 });
afterEach(cleanup);

/** The page's own live store, fed by /api/v1/stream. */
import type { Timeline } from "../api-types";
import { http } from "../http";
import { limits } from "./state";
import type { LiveState } from "./state";
import { LiveStore, useLiveOf } from "./store";

/** Five drawings a second read as live; 40 verdicts a second then cost 5 layouts, not 40. */
const drawMillis = 200;

function soon(call: () => void): void {
  // Hidden pages get no frames: a slow timer keeps their memory bounded and their state current.
  if (document.hidden) setTimeout(call, 1_000);
  else setTimeout(() => requestAnimationFrame(call), drawMillis);
}

export const live = new LiveStore({
  open: () => new EventSource("api/v1/stream"),
  timeline: () => http.get<Timeline>(`timeline?seconds=${limits.points}`),
  soon,
  later: (call, milliseconds) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
});

export function useLive<T>(select: (state: LiveState) => T): T {
  return useLiveOf(live, select);
}

export { isSample, limits } from "./state";
export type { Connection, LiveState, Point } from "./state";

import { useState } from "react";
import { useNow } from "@/lib/hooks";

/** What the fleet's clock showed at a moment of ours; both in milliseconds. */
export interface Look {
  ours: number;
  fleets: number;
}

/** Enough to even out an answer that was late, few enough to notice a new speed within ten seconds. */
const looksMax = 5;

/** The fleet's clock at `ours`: it went on since the last look as fast as it did between the looks. */
export function fleetTime(looks: readonly Look[], ours: number): number {
  const first = looks[0];
  const last = looks.at(-1);
  if (!first || !last) return ours;
  const passed = last.ours - first.ours;
  const pace = passed > 0 ? Math.max(0, (last.fleets - first.fleets) / passed) : 1;
  return last.fleets + pace * Math.max(0, ours - last.ours);
}

/** The fleet's clock, again every half second. */
export function useFleetTime(now: string, askedAt: number): number {
  const ours = useNow(500);
  const [looks, setLooks] = useState<Look[]>([]);
  const fleets = Date.parse(now);
  if (looks.at(-1)?.ours !== askedAt) {
    setLooks([...looks, { ours: askedAt, fleets }].slice(-looksMax));
  }
  return fleetTime(looks, ours);
}

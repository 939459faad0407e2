/** What an explanation says in words. */
import type { Change, Explanation } from "./api-types";
import { number, score } from "./format";

function changeWords({ feature, from, to }: Change): string {
  const [name, family] = feature.endsWith("_*") ? [feature.slice(0, -2), true] : [feature, false];
  return `${name} at ${number(to)} instead of ${number(from)}${family ? ", over all its spans" : ""}`;
}

/** "With a at 1 instead of 9 and b at 0 instead of 4 it would have been usual (score 0.210)."; "" when none was found. */
export function smallestChange(why: Pick<Explanation, "changes" | "changed_score">): string {
  if (why.changes.length === 0) return "";
  const parts = why.changes.map(changeWords);
  const last = parts.pop()!;
  const all = parts.length > 0 ? `${parts.join(", ")} and ${last}` : last;
  return `With ${all} it would have been usual (score ${score(why.changed_score)}).`;
}

/** 0 → "equal"; 0.234 → "23 % away". */
export function distanceWords(distance: number | null): string {
  if (distance === null) return "at an unknown distance";
  if (distance === 0) return "equal in all that counts";
  const share = distance * 100;
  return share < 1 ? "less than 1 % away" : `${Math.round(share)} % away`;
}

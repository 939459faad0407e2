/** What an explanation says in words. */
import type { Change, Explanation } from "./api-types";
import { number, score } from "./format";

function changeWords({ feature, from, to }: Change): string {
  const [name, family] = feature.endsWith("_*") ? [feature.slice(0, -2), true] : [feature, false];
  return `${name} at ${number(to)} instead of ${number(from)}${family ? ", over all its spans" : ""}`;
}

/** "Usual would have been: opened about 3 connections in 10 s instead of 9; spoke dns (score 0.210)."; "" when none was found. */
export function smallestChange(why: Pick<Explanation, "changes" | "changed_score">): string {
  if (why.changes.length === 0) return "";
  if (why.changes.every((change) => change.text)) {
    return `Usual would have been: ${why.changes.map((change) => change.text).join("; ")} (score ${score(why.changed_score)}).`;
  }
  const parts = why.changes.map(changeWords);
  const last = parts.pop()!;
  const all = parts.length > 0 ? `${parts.join(", ")} and ${last}` : last;
  return `With ${all} it would have been usual (score ${score(why.changed_score)}).`;
}

/** A record's id begins with the microseconds of its event: "1545403816962094-0123456789abcdef" → RFC 3339. */
export function timeOfRecord(id: string): string {
  const micros = Number(id.replace(/-[0-9a-f]*$/, ""));
  const time = new Date(micros / 1000);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}

/** 0 → "equal"; 0.234 → "23 % away". */
export function distanceWords(distance: number | null): string {
  if (distance === null) return "at an unknown distance";
  if (distance === 0) return "equal in all that counts";
  const share = distance * 100;
  return share < 1 ? "less than 1 % away" : `${Math.round(share)} % away`;
}

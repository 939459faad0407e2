/**
 * Addresses after the "#": "#/devices/cam-1?from=…". The service only serves files, a page can be
 * reloaded and sent to a colleague, and filters survive the back button.
 */
import { useMemo, useSyncExternalStore } from "react";

export interface Route {
  /** Decoded parts: ["devices", "cam-1"]; [] is the front page. */
  path: string[];
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "");
  return { path: parts.map(decode), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // "%zz": typed by hand, show it as it is
  }
}

export function href(path: readonly string[], query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function go(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") {
    location.hash = to;
    return;
  }
  history.replaceState(null, "", to);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseHash(hash), [hash]);
}

/** The filters of a page live in its address; setting one keeps the others and the history short. */
export function useQuery(): [URLSearchParams, (changes: Record<string, string>) => void] {
  const { path, query } = useRoute();
  const set = (changes: Record<string, string>) =>
    go(href(path, { ...Object.fromEntries(query), ...changes }), "replace");
  return [query, set];
}

/** Dark, light, or what the system prefers. public/theme.js applies the choice before first paint. */
import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";
const key = "vedette.theme";
const listeners = new Set<() => void>();
const prefersLight = () => window.matchMedia("(prefers-color-scheme: light)");

export function theme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "dark" || chosen === "light") return chosen;
  return prefersLight().matches ? "light" : "dark";
}

export function toggleTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  try {
    localStorage.setItem(key, next);
  } catch {
    // Storage is forbidden: the choice lasts until the page is closed.
  }
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  const system = prefersLight();
  system.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}

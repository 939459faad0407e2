/** Features never import each other, and shared code knows no feature. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(process.cwd(), "src");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** Paths below src/ that a file imports, aliases and relative ones alike. */
function imports(file: string): string[] {
  const here = relative(root, dirname(file)).replaceAll("\\", "/");
  const found = readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
  return [...found].flatMap(([, target = ""]) => {
    if (target.startsWith("@/")) return [target.slice(2)];
    return target.startsWith(".") ? [posix.normalize(posix.join(here, target))] : [];
  });
}

/** "features/alerts" for a feature's file, else its first folder. */
function territory(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "features" ? `${first}/${second}` : first;
}

function trespasses(from: string, to: string): boolean {
  if (from.startsWith("features/")) return to === "app" || (to.startsWith("features/") && to !== from);
  if (from === "lib") return to !== "lib" && !to.startsWith("test-data");
  return from === "components" && (to === "app" || to.startsWith("features/"));
}

describe("borders", () => {
  const files = sources(root);
  it("are checked over all features", () => {
    const seen = new Set(files.map((file) => territory(relative(root, file))).filter((one) => one.startsWith("features/")));
    expect(seen.size).toBe(readdirSync(join(root, "features")).length);
    expect(files.flatMap(imports).length).toBeGreaterThan(100);
  });
  it("would notice a feature that reaches into another", () => {
    expect(trespasses("features/alerts", "features/devices")).toBe(true);
    expect(trespasses("components", "features/devices")).toBe(true);
    expect(trespasses("features/alerts", "components")).toBe(false);
  });
  it("are kept", () => {
    const found = files.flatMap((file) => {
      const from = territory(relative(root, file));
      return imports(file).filter((to) => trespasses(from, territory(to))).map((to) => `${relative(root, file)} imports ${to}`);
    });
    expect(found).toEqual([]);
  });
});

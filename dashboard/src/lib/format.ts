/** Numbers and times as people read them. Missing values are "–", never 0. */

export const missing = "–";
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function known(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** 1234567 → "1,234,567". */
export function count(value: number | null | undefined): string {
  return known(value) ? grouped.format(value) : missing;
}

/** 1, "flow" → "1 flow"; 2, "flow" → "2 flows"; 2, "half", "halves" → "2 halves". */
export function counted(value: number, noun: string, many = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : many}`;
}

/** For tiles: 1,234,567 → "1.23 M"; below 100,000 in full. */
export function short(value: number | null | undefined): string {
  if (!known(value)) return missing;
  if (Math.abs(value) < 100_000) return grouped.format(value);
  for (const [size, unit] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (Math.abs(value) >= size) {
      const scaled = value / size;
      return `${scaled.toFixed(scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2)} ${unit}`;
    }
  }
  return grouped.format(value);
}

/** Rates: 0.4 → "0.4", 12.34 → "12.3", 4321 → "4,321". */
export function rate(value: number | null | undefined): string {
  if (!known(value)) return missing;
  if (value === 0) return "0";
  if (Math.abs(value) < 0.1) return value.toFixed(2);
  return Math.abs(value) < 100 ? String(Number(value.toFixed(1))) : short(value);
}

/** Any measured value, at most four significant digits and never a wall of zeros. */
export function number(value: number | null | undefined): string {
  if (!known(value)) return missing;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
  if (size >= 10_000) return grouped.format(value);
  return String(Number(value.toPrecision(4)));
}

export function score(value: number | null | undefined): string {
  return known(value) ? value.toFixed(3) : missing;
}

/** Many thresholds are very near to 1: three digits would call them 1. */
export function thresholdText(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** 0.12345 → "12.3 %"; small shares keep two digits: 0.00012 → "0.012 %". */
export function percent(value: number | null | undefined): string {
  if (!known(value)) return missing;
  const hundred = value * 100;
  if (hundred === 0 || Math.abs(hundred) >= 99.995) return `${Number(hundred.toFixed(1))} %`;
  if (Math.abs(hundred) >= 99) return `${hundred.toFixed(2)} %`;
  return Math.abs(hundred) >= 1
    ? `${hundred.toFixed(1)} %`
    : `${Number(hundred.toPrecision(2))} %`;
}

export function bytes(value: number | null | undefined): string {
  if (!known(value)) return missing;
  if (value < 1024) return `${grouped.format(value)} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let scaled = value / 1024;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${scaled.toFixed(scaled >= 100 ? 0 : 1)} ${units[unit]}`;
}

export function micros(value: number | null | undefined): string {
  if (!known(value)) return missing;
  if (value < 1000) return `${grouped.format(value)} µs`;
  if (value < 1e6) return `${(value / 1000).toFixed(value < 1e4 ? 1 : 0)} ms`;
  return `${(value / 1e6).toFixed(1)} s`;
}

/** 95 → "1 min 35 s"; two units at most. */
export function seconds(value: number): string {
  if (!known(value)) return missing;
  const whole = Math.max(0, Math.round(value));
  if (whole < 60) return `${whole} s`;
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const first = units.findIndex(([size]) => whole >= size);
  const [size, name] = units[first]!;
  const [nextSize, nextName] = units[first + 1]!;
  const rest = Math.floor((whole % size) / nextSize);
  return `${Math.floor(whole / size)} ${name}${rest > 0 ? ` ${rest} ${nextName}` : ""}`;
}

/** How long something took: 3.21 → "3.2 s", 0.03 → "<0.1 s"; from ten seconds on as seconds(). */
export function delay(value: number | null | undefined): string {
  if (!known(value)) return missing;
  if (value > 0 && value < 0.1) return "<0.1 s";
  return value < 9.95 ? `${Number(value.toFixed(1))} s` : seconds(value);
}

const acronyms = new Set(["ack", "dns", "http", "mqtt", "ssh", "syn", "tcp", "udp"]);

/** A name as in a scenario, for people: "udp_flood" → "UDP flood". */
export function words(name: string): string {
  const text = name.split("_").map((word) => (acronyms.has(word) ? word.toUpperCase() : word)).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "12 s ago"; clocks that differ a little read "just now". */
export function ago(time: string | undefined, now: number): string {
  const then = time ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(then)) return missing;
  const passed = (now - then) / 1000;
  if (passed < 2) return passed < -60 ? dateTime(time) : "just now";
  if (passed < 60) return `${Math.floor(passed)} s ago`;
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86_400) return `${Math.floor(passed / 3600)} h ago`;
  return passed < 86_400 * 30 ? `${Math.floor(passed / 86_400)} d ago` : dateTime(time);
}

const two = (value: number) => String(value).padStart(2, "0");

/** Local "14:03:07". */
export function clock(time: string | undefined): string {
  const at = new Date(time ?? "");
  if (Number.isNaN(at.getTime())) return missing;
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Local "2026-03-01 14:03:07". */
export function dateTime(time: string | undefined): string {
  const at = new Date(time ?? "");
  if (Number.isNaN(at.getTime())) return missing;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(time)}`;
}

/** Text of a payload with what is not printable made visible: "\x00", "\n". */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\ufffd\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    if (c === "\n") return "\\n";
    if (c === "\r") return "\\r";
    if (c === "\t") return "\\t";
    const code = c.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : c === "\ufffd" ? "\ufffd" : `\\u${code.toString(16)}`;
  });
}

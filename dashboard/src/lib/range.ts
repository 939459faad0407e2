/** Where a value and its usual range stand on a bar of 100 %. */
export interface RangeGeometry {
  low: number;
  high: number;
  value: number;
  inside: boolean;
}

/** Symmetric logarithm: keeps sign and zero, so that 3 against 40,000 still shows both. */
const squeeze = (x: number) => Math.sign(x) * Math.log1p(Math.abs(x));

/**
 * The bar spans range and value with a tenth of air on both sides. When the value is more than ten
 * range widths away the axis becomes logarithmic, else the range would vanish.
 * @return null when a number is missing.
 */
export function rangeGeometry(
  value: number | null,
  low: number | null,
  high: number | null,
): RangeGeometry | null {
  if (value === null || low === null || high === null) return null;
  if (![value, low, high].every(Number.isFinite) || high < low) return null;
  const distance = Math.max(low - value, value - high, 0);
  const axis = distance > 10 * (high - low) ? squeeze : (x: number) => x;
  const from = axis(Math.min(value, low));
  const to = axis(Math.max(value, high));
  const span = to - from || 1;
  const place = (x: number) => 10 + (80 * (axis(x) - from)) / span;
  if (from === to) return { low: 48, high: 52, value: 50, inside: true };
  return { low: place(low), high: place(high), value: place(value), inside: distance === 0 };
}

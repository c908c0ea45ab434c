// Figures for people.
//
// Owns: percentiles and rounding. Never does: measure.

/** The middle, what one in twenty exceeds, and the worst. */
export function percentiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

export function round(value, digits = 0) {
  return Number(value.toFixed(digits));
}

// How this page came to be.
//
// Owns: the question. Never does: act on the answer.

/** True after a reload. False for a new, copied or restored tab, though a browser copies its storage along. */
export function reloaded(): boolean {
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return entry?.type === "reload";
}

// Waiting for a condition, never for a length of time.
//
// Owns: the deadline. Never does: swallow what was seen; the last value is in the error.

import { setTimeout as pause } from 'node:timers/promises';

/** How often a condition is looked at. */
const INTERVAL_MS = 50;

/** Far above any honest wait on a slow machine; a test that needs a figure measures it. */
const DEADLINE_MS = 20_000;

/** Calls `look` until `holds` says yes to what it returns; returns that. */
export async function until(what, look, holds = Boolean, deadline = DEADLINE_MS) {
  const end = Date.now() + deadline;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() >= end) throw new Error(`not within ${deadline} ms: ${what}; last seen: ${JSON.stringify(seen)}`);
    await pause(INTERVAL_MS);
  }
}

/** Watches for a whole span that something stays true: for what must *not* happen, where no condition ends the wait. */
export async function throughout(what, span, look, holds) {
  const end = Date.now() + span;
  while (Date.now() < end) {
    const seen = await look();
    if (!holds(seen)) throw new Error(`${what}: ${JSON.stringify(seen)}`);
    await pause(INTERVAL_MS);
  }
}

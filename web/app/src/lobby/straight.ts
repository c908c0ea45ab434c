// Whether a page that loads anew goes back into its call without the lobby.
//
// Owns: the judgement. Never does: read a storage, or open a device.

import type { Kept } from "../memory";

/** A camera and a microphone that go on without a click: only for who was in the call a moment ago, in this tab. */
export function goesStraightIn(
  kept: Pick<Kept, "keptAt"> | undefined,
  reload: boolean,
  now: number,
): boolean {
  if (!kept || !reload) return false;
  const agoMs = now - kept.keptAt;
  return agoMs >= 0 && agoMs < MOMENT_MS;
}

/** A reload over a bad line takes seconds; whoever comes later may sit with somebody else by then. */
const MOMENT_MS = 120_000;

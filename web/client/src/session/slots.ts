// The places in which others are received.
//
// Owns: what the server says stands in each place, who was opened there, and whether both agree.
// Never does: hold media.

import type { Slot, Source } from "../signaling/protocol.ts";
import { senderAt, senders, type Roster } from "./roster.ts";

/** Something that can be shown. */
export interface Placement {
  mid: string;
  participant: number;
  source: Source;
}

/** All places of one connection, by `a=mid`. */
export class Slots {
  readonly #places = new Map<string, Place>();

  /**
   * What the server says of a place: only which source it is of whoever is opened there. `true`: something else stood
   * there, so nothing is shown before a frame was opened there anew, and the worker has to be asked to tell.
   */
  map({ mid, track }: Slot): boolean {
    const former = this.#places.get(mid) ?? { track: null };
    const changes = former.track !== null && !isSame(former.track, track);
    this.#places.set(mid, changes ? { track } : { ...former, track });
    return changes;
  }

  /** The first frame of this sender was authenticated in this place. */
  opened(mid: string, sender: number): void {
    this.#places.set(mid, { track: null, ...this.#places.get(mid), sender });
  }

  /**
   * What can be shown. Between a new track in a place and its first opened frame the two words differ, and nothing is
   * shown there; the same if a server puts somebody's media under somebody else's name.
   */
  placements(roster: Roster): Placement[] {
    const placements: Placement[] = [];
    for (const [mid, { track, sender }] of this.#places) {
      if (!track || sender === undefined) continue;
      if (senderAt(roster, sender)?.participant === track.participant) placements.push({ mid, ...track });
    }
    return placements;
  }
}

/**
 * How many pairs of places a room needs that has so many people and screens, if there are `have` now. In steps, so
 * that not every newcomer costs a negotiation.
 */
export function pairsWanted(roster: Roster, have: number): number {
  const others = senders(roster);
  const screens = others.filter((member) => member.media.screen).length;
  const needed = Math.ceil((others.length + screens) / PAIRS_A_STEP) * PAIRS_A_STEP;
  return Math.max(have, Math.min(needed, MOST_PAIRS));
}

function isSame(one: NonNullable<Slot["track"]>, other: Slot["track"]): boolean {
  return one.participant === other?.participant && one.source === other.source;
}

interface Place {
  track: Slot["track"];
  sender?: number;
}

/** Enough for a family; also what the first offer has. */
export const PAIRS_A_STEP = 4;
/** Fifteen others of sixteen people, and one screen. */
const MOST_PAIRS = 16;

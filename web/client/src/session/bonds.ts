// Which sender index belongs to whom, for as long as one connection lasts.
//
// Owns: the first word on each index. Never does: believe a second one.
//
// The server gives out the indices, and each sender signs its own. If the server could change its word later, it could
// put one's media into another's place; so the first word holds, even for those who left.

import type { Member } from "../signaling/protocol.ts";

interface Bond {
  participant: number;
}

export class Bonds {
  readonly #own: Bond;
  readonly #bonds = new Map<number, Bond>();
  #ignored = 0;

  constructor(own: Bond & { sender: number }) {
    this.#own = { participant: own.participant };
    this.#bonds.set(own.sender, this.#own);
  }

  /** How often the server said something else than before. */
  get ignored(): number {
    return this.#ignored;
  }

  /** Whether this word on somebody agrees with all earlier ones. What does not is counted, and to be ignored. */
  accepts({ participant, sender }: Member): boolean {
    if (sender === undefined || this.#agrees(participant, sender)) return true;
    this.#ignored += 1;
    return false;
  }

  #agrees(participant: number, sender: number): boolean {
    const known = this.#bonds.get(sender);
    if (known) return known.participant === participant;
    if (participant === this.#own.participant) return false;
    this.#bonds.set(sender, { participant });
    return true;
  }
}

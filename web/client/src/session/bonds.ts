// Which sender index belongs to whom, for as long as one connection lasts.
//
// Owns: the first word on each index. Never does: derive a key, or believe a second word.
//
// The server gives out the indices and passes on the salts. If it could change them later, it could put another key
// in the place of somebody's, or begin their replay window anew; so the first word holds, even for those who left.

import type { Member } from "../signaling/protocol.ts";

interface Bond {
  participant: number;
  salt: string;
}

export class Bonds {
  readonly #own: Bond;
  readonly #bonds = new Map<number, Bond>();
  #ignored = 0;

  /** `own` as this client chose it, not as the server repeats it. */
  constructor(own: Bond & { sender: number }) {
    this.#own = { participant: own.participant, salt: own.salt };
    this.#bonds.set(own.sender, this.#own);
  }

  /** How often the server said something else than before. */
  get ignored(): number {
    return this.#ignored;
  }

  /** Whether this word on somebody agrees with all earlier ones. What does not is counted, and to be ignored. */
  accepts({ participant, key }: Member): boolean {
    if (!key || this.#agrees(participant, key)) return true;
    this.#ignored += 1;
    return false;
  }

  #agrees(participant: number, { sender, salt }: NonNullable<Member["key"]>): boolean {
    const known = this.#bonds.get(sender);
    if (known) return known.participant === participant && known.salt === salt;
    if (participant === this.#own.participant || salt === this.#own.salt) return false;
    this.#bonds.set(sender, { participant, salt });
    return true;
  }
}

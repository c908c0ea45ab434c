// Who is there, and sees the same people: by what they have heard of our own beats (SK-1.md, section 8).
//
// Owns: the ages of the others' words, by this device's clock alone. Never does: conclude anything from them.

/** Of one other member. Times in ms. */
export interface Ages {
  /** When the newest own beat was sent that they had heard. */
  fresh: number;
  /** The same, by beats alone that had the own membership hash. */
  confirmed: number;
}

export class Beats {
  #counter = 0;
  /** When each of the last own beats was sent, by counter. */
  readonly #sent = new Map<number, number>();
  /** By stay. */
  readonly #others = new Map<string, Ages>();

  /** The number of the next own beat, which is sent now. */
  next(now: number): number {
    this.#counter += 1;
    this.#sent.set(this.#counter, now);
    this.#sent.delete(this.#counter - REMEMBERED);
    return this.#counter;
  }

  /** Somebody became a member. */
  welcome(stay: string, now: number): void {
    this.#others.set(stay, { fresh: now, confirmed: now });
  }

  forget(stay: string): void {
    this.#others.delete(stay);
  }

  of(stay: string): Ages | undefined {
    return this.#others.get(stay);
  }

  /** When the own beat of this counter was sent; nothing for one of long ago, or that never was. */
  sentAt(counter: number): number | undefined {
    return this.#sent.get(counter);
  }

  /** A beat of theirs had heard the own one that was sent then. */
  handle(stay: string, sent: number, agrees: boolean): void {
    const ages = this.#others.get(stay);
    if (!ages) return;
    ages.fresh = Math.max(ages.fresh, sent);
    if (agrees) ages.confirmed = Math.max(ages.confirmed, sent);
  }

  /** This device's clock stood still: it can't judge others by that. */
  skip(gap: number): void {
    for (const ages of this.#others.values()) {
      ages.fresh += gap;
      ages.confirmed += gap;
    }
    for (const [counter, sent] of this.#sent) this.#sent.set(counter, sent + gap);
  }
}

/** Two minutes of beats every 4 s; nobody answers later than that. */
const REMEMBERED = 32;

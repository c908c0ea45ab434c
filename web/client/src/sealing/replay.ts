// Owns: which counters of one key were opened already. Never does: authenticate.

/** RFC 9605 §9.3: a sliding window. What is older than it counts as seen. */
export class ReplayWindow {
  /** One bit a counter, at its place modulo the window. */
  readonly #seen = new Uint32Array(WINDOW / 32);
  #highest = -1;

  /** True if a frame with this counter may still come. */
  isFresh(counter: number): boolean {
    if (counter > this.#highest) return true;
    return this.#highest - counter < WINDOW && (this.#word(counter) & bit(counter)) === 0;
  }

  /** Remembers an authenticated frame. */
  mark(counter: number): void {
    if (!this.isFresh(counter)) return;
    if (counter > this.#highest) this.#slide(counter);
    const index = wordIndex(counter);
    this.#seen[index] = this.#word(counter) | bit(counter);
  }

  #slide(counter: number): void {
    if (counter - this.#highest >= WINDOW) this.#seen.fill(0);
    else for (let next = this.#highest + 1; next <= counter; next += 1) this.#clear(next);
    this.#highest = counter;
  }

  #clear(counter: number): void {
    this.#seen[wordIndex(counter)] = this.#word(counter) & ~bit(counter);
  }

  #word(counter: number): number {
    return this.#seen[wordIndex(counter)] ?? 0;
  }
}

/**
 * One counter runs over all encodings of a sender: three layers of picture, a screen and sound are about 170 frames a
 * second, so this is twelve seconds, more than any browser keeps a late frame. Duplicates older than it are dropped.
 */
export const WINDOW = 2048;

// by division: counters are longer than the 32 bits that a shift would keep
function wordIndex(counter: number): number {
  return Math.floor((counter % WINDOW) / 32);
}

function bit(counter: number): number {
  return 1 << (counter % 32);
}

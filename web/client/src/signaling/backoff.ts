// How long to wait before the next try.
//
// Owns: the series. Never does: wait.

/** 0, 0.5, 1, 2, 4, 4 … seconds. At most 4, so that a server that comes back is found within 5. */
export class Backoff {
  #tries = 0;

  /** In ms. */
  next(): number {
    const delay = DELAYS_MS[Math.min(this.#tries, DELAYS_MS.length - 1)] ?? 0;
    this.#tries++;
    return delay;
  }

  reset(): void {
    this.#tries = 0;
  }
}

const DELAYS_MS = [0, 500, 1000, 2000, 4000];

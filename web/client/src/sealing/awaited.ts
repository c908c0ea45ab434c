// Keys that frames came before: media overtakes signaling by some milliseconds when somebody comes.
//
// Owns: how long a frame may wait for its key. Never does: hold a frame; whoever waits does.
//
// A key frame that is dropped costs the picture until another one was asked for and made, which senders do about twice
// a second at most. One that waits a moment costs that moment.

export class Awaited {
  /** In the order in which they were first wanted. */
  readonly #kids = new Map<number, Wanted>();

  /** Resolves when the key is there, or it was waited for long enough: then at once, from there on. */
  async wait(kid: number): Promise<void> {
    const known = this.#kids.get(kid);
    if (known) return known.over;
    if (!this.#makeRoom()) return;
    const wanted = new Wanted();
    this.#kids.set(kid, wanted);
    setTimeout(() => wanted.end(), LONGEST_MS);
    await wanted.over;
  }

  /** The key is there. */
  handleKey(kid: number): void {
    this.#kids.get(kid)?.end();
    this.#kids.delete(kid);
  }

  /** This key was there, and is not to come again: nothing waits for it. */
  handleForgotten(kid: number): void {
    if (!this.#makeRoom()) return;
    const wanted = new Wanted();
    wanted.end();
    this.#kids.set(kid, wanted);
  }

  /** By the oldest that nothing waits for any more. */
  #makeRoom(): boolean {
    if (this.#kids.size < MOST_KIDS) return true;
    const [oldest] = [...this.#kids].find(([, { isOver }]) => isOver) ?? [];
    return oldest !== undefined && this.#kids.delete(oldest);
  }
}

class Wanted {
  isOver = false;
  end: () => void = () => undefined;
  readonly over = new Promise<void>((resolve) => {
    this.end = () => {
      this.isOver = true;
      resolve();
    };
  });
}

/** What a key takes on a line on which people can talk; and what a picture may stand still without being missed. */
const LONGEST_MS = 300;

/** Key ids are readable and not authenticated: nobody fills our memory with them. */
const MOST_KIDS = 64;

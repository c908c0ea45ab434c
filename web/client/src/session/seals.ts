// Whether the media of each of the others can be opened.
//
// Owns: that judgement. Never does: open anything.

import type { SealState } from "./types.ts";

/** By sender index, for one connection. */
export class Seals {
  readonly #senders = new Map<number, Seal>();

  /** A frame of this sender was authenticated: that settles it, whatever else comes under its name. */
  opened(sender: number): void {
    this.#senders.set(sender, { state: "open" });
  }

  /** Frames of this sender were not authentic, though there was a key. `now` in ms. Returns what it means. */
  rejected(sender: number, now: number): SealState {
    const seal = this.#senders.get(sender) ?? { state: "waiting", since: now };
    if (seal.state === "waiting" && now - seal.since >= WRONG_AFTER_MS) {
      this.#senders.set(sender, { state: "wrong_key" });
      return "wrong_key";
    }
    this.#senders.set(sender, seal);
    return seal.state;
  }

  forget(sender: number): void {
    this.#senders.delete(sender);
  }

  state(sender: number): SealState {
    return this.#senders.get(sender)?.state ?? "waiting";
  }
}

type Seal = { state: "waiting"; since: number } | { state: "open" | "wrong_key" };

/** Longer than a key takes that overtakes its roster entry, shorter than anybody wonders in silence. */
const WRONG_AFTER_MS = 2000;

// Whether and when to come in again.
//
// Owns: the tries, and how long they are worth it. Never does: join.

import { Backoff } from "../signaling/backoff.ts";
import type { Closing } from "../signaling/socket.ts";
import type { EndCode } from "./types.ts";

export type Step = { then: "join"; afterMs: number; renew: boolean } | { then: "end"; code: EndCode };

export class Comeback {
  readonly #backoff = new Backoff();
  #everLive = false;
  #since: number;
  #renewed = false;
  #mediaFailures = 0;

  /** `now`, here and below: any clock in ms. */
  constructor(now: number) {
    this.#since = now;
  }

  /** All is well. */
  live(): void {
    this.#everLive = true;
    this.#renewed = false;
    this.#mediaFailures = 0;
    this.#backoff.reset();
  }

  /** It was well until now. */
  lost(now: number): void {
    this.#since = now;
  }

  /** `renewable`: another token can be had. */
  next(outcome: Closing["outcome"], now: number, renewable: boolean): Step {
    if (outcome.then === "end") return outcome;
    if (outcome.then === "renew") return this.#renew(outcome.otherwise, renewable);
    if (outcome.otherwise === "media_blocked") this.#mediaFailures++;
    const limitMs = this.#everLive ? RECONNECT_MS : JOIN_MS;
    const blocked = this.#mediaFailures >= (this.#everLive ? MEDIA_TRIES : 1);
    if (blocked || now - this.#since > limitMs) return { then: "end", code: outcome.otherwise };
    return { then: "join", afterMs: this.#backoff.next(), renew: false };
  }

  /** Once: a fresh token that is refused as well will not get better. */
  #renew(otherwise: EndCode, renewable: boolean): Step {
    if (!renewable || this.#renewed) return { then: "end", code: otherwise };
    this.#renewed = true;
    return { then: "join", afterMs: 0, renew: true };
  }
}

/** Whoever waits at a door that does not open wants to know within this. */
const JOIN_MS = 20_000;
/** A server is started anew, or a train leaves a tunnel, within this; a session waits for it. */
const RECONNECT_MS = 300_000;
/** Where media was once, it deserves a second try on another network. */
const MEDIA_TRIES = 2;

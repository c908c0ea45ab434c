// The keys that this stay seals with, and who has them (SK-1.md, section 9).
//
// Owns: generations and steps, and when a new one is used. Never does: seal, or send.

import { type Bytes } from "./encoding.ts";
import { kdf, randomBytes } from "./primitives.ts";

/** What a sender seals with. */
export interface BaseKey {
  kid: number;
  baseKey: Bytes;
}

/** What has to be done after a change of who receives. */
export interface Handing {
  key: BaseKey;
  /** Stays that need the key sent. */
  to: string[];
}

const STEPS = 256;
const GENERATIONS = 4096;

export function kidOf(sender: number, generation: number, step: number): number {
  // multiplied, not shifted: a shift makes a signed number
  return sender * 2 ** 20 + generation * STEPS + step;
}

export function senderOfKid(kid: number): number {
  return Math.floor(kid / 2 ** 20);
}

export function generationOf(kid: number): number {
  return Math.floor(kid / STEPS) % GENERATIONS;
}

export function stepOf(kid: number): number {
  return kid % STEPS;
}

export function nextStep(baseKey: Bytes): Promise<Bytes> {
  return kdf(baseKey, new Uint8Array(0), "ratchet", 32);
}

export class SenderKeys {
  readonly #sender: number;
  #generation = 0;
  #step = 0;
  #baseKey = randomBytes(32);
  /** Sent, and not sealed with yet. */
  #coming: { key: BaseKey; since: number } | undefined;
  #recipients = new Set<string>();
  #steppedAt = -Infinity;
  #usedUp = false;

  constructor(sender: number) {
    this.#sender = sender;
  }

  /** What is sealed with now. */
  get current(): BaseKey {
    return { kid: kidOf(this.#sender, this.#generation, this.#step), baseKey: this.#baseKey };
  }

  /** What recipients should have: the coming key, where there is one. */
  get latest(): BaseKey {
    return this.#coming?.key ?? this.current;
  }

  /** There is no further generation: this stay is over. */
  get isUsedUp(): boolean {
    return this.#usedUp;
  }

  get recipients(): ReadonlySet<string> {
    return this.#recipients;
  }

  /** These are to receive from now on, and nobody else; with `renews` by a new generation in any case. */
  async handleRecipients(
    recipients: ReadonlySet<string>,
    now: number,
    renews = false,
  ): Promise<Handing | undefined> {
    const come = [...recipients].filter((stay) => !this.#recipients.has(stay));
    const hasGone = [...this.#recipients].some((stay) => !recipients.has(stay));
    this.#recipients = new Set(recipients);
    if (hasGone || renews) {
      const handing = this.#renew(now);
      // nobody is left whose pictures would freeze: whoever waits, waits for this key
      if (handing && come.length === recipients.size) this.#use(handing.key);
      return handing;
    }
    if (come.length === 0) return undefined;
    // a coming key seals nothing of the past, and who came a moment ago shares its step
    if (!this.#coming && now - this.#steppedAt >= SHARED_STEP_MS) {
      if (this.#step + 1 === STEPS) return this.#renew(now);
      this.#step += 1;
      this.#baseKey = await nextStep(this.#baseKey);
      this.#steppedAt = now;
    }
    return { key: this.latest, to: come };
  }

  /** A new generation, because the user of the protocol wants it. */
  renew(now: number): Handing | undefined {
    return this.#renew(now);
  }

  /** The coming key is to be used: everybody has it, or it was waited for long enough. Says whether it changed. */
  handleTime(now: number, hasIt: (stay: string) => boolean): boolean {
    if (!this.#coming) return false;
    const everybody = [...this.#recipients].every(hasIt);
    if (!everybody && now - this.#coming.since < SWITCH_MS) return false;
    this.#use(this.#coming.key);
    return true;
  }

  #use({ kid, baseKey }: BaseKey): void {
    this.#generation = generationOf(kid);
    this.#step = 0;
    this.#baseKey = baseKey;
    this.#coming = undefined;
  }

  /** Random bytes that nobody before has had; whoever went has none of it. */
  #renew(now: number): Handing | undefined {
    const generation = (this.#coming ? generationOf(this.#coming.key.kid) : this.#generation) + 1;
    if (generation === GENERATIONS) {
      this.#usedUp = true;
      return undefined;
    }
    const key = { kid: kidOf(this.#sender, generation, 0), baseKey: randomBytes(32) };
    // waited for from the first change on: a stream of changes must not keep the old key in use
    this.#coming = { key, since: this.#coming?.since ?? now };
    return { key, to: [...this.#recipients] };
  }
}

/** Who comes within this time of another one shares the step. */
const SHARED_STEP_MS = 100;

/** Longer than a slow round trip, shorter than a breath: media overtakes signaling, and pictures would freeze. */
const SWITCH_MS = 300;

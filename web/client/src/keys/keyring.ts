// The keys of one other sender (SK-1.md, section 9).
//
// Owns: which of them are accepted, installed and forgotten. Never does: open the message that brought one.

import { equal } from "./encoding.ts";
import { generationOf, kidOf, nextStep, senderOfKid, stepOf, type BaseKey } from "./senderkeys.ts";

export class Keyring {
  readonly #sender: number;
  /** Of the present generation, the first one that came. */
  #first: BaseKey | undefined;
  /** The last one that is installed. */
  #last: BaseKey | undefined;
  /** The greatest KID that a key message brought. */
  #received = 0;
  /** The greatest generation that ever came or was in use: there is no way back, whatever was forgotten in between. */
  #floor = 0;
  /** Of earlier generations, with the time at which they go. */
  #leaving: { kid: number; at: number }[] = [];
  #installed: number[] = [];

  constructor(sender: number) {
    this.#sender = sender;
  }

  /** The KID of the last key that came; 0 for none. What beats tell. */
  get received(): number {
    return this.#received;
  }

  /** A key came. Returns what to install, or nothing where it does not fit. */
  async handleKey(key: BaseKey, now: number): Promise<BaseKey[] | undefined> {
    if (senderOfKid(key.kid) !== this.#sender) return undefined;
    const generation = generationOf(key.kid);
    if (generation < this.#floor) return undefined;
    if (!this.#first || generation > generationOf(this.#first.kid)) return this.#begin(key, now);
    if (stepOf(key.kid) < stepOf(this.#first.kid)) return undefined;
    const expected = await this.#at(stepOf(key.kid));
    if (!equal(expected.baseKey, key.baseKey)) return undefined;
    this.#received = Math.max(this.#received, key.kid);
    return this.#installUpTo(stepOf(key.kid));
  }

  /** The sender says that it seals with this now: some steps beyond are installed. */
  async handleInUse(kid: number, now: number): Promise<BaseKey[]> {
    if (senderOfKid(kid) !== this.#sender) return [];
    this.#floor = Math.max(this.#floor, generationOf(kid));
    if (!this.#first) return [];
    const ahead = generationOf(kid) - generationOf(this.#first.kid);
    // its key is held back from us, and somebody who went may have the one that we hold
    if (ahead > 0) this.#leave(now);
    return ahead === 0 ? this.#installUpTo(stepOf(kid)) : [];
  }

  /** Nothing of it stays but that there is no way back. */
  forget(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#received = 0;
    this.#leaving = [];
    this.#installed = [];
  }

  /** Keys whose time is over. */
  handleTime(now: number): number[] {
    const over = this.#leaving.filter(({ at }) => at <= now);
    this.#leaving = this.#leaving.filter(({ at }) => at > now);
    return over.map(({ kid }) => kid);
  }

  #begin(key: BaseKey, now: number): Promise<BaseKey[]> {
    this.#leave(now);
    this.#floor = Math.max(this.#floor, generationOf(key.kid));
    this.#first = key;
    this.#last = undefined;
    this.#received = key.kid;
    return this.#installUpTo(stepOf(key.kid));
  }

  /** What is installed has its time from now on. */
  #leave(now: number): void {
    this.#leaving.push(...this.#installed.map((kid) => ({ kid, at: now + OLD_GENERATION_MS })));
    this.#installed = [];
  }

  /** A step of the present generation, from the first one that came. */
  async #at(step: number): Promise<BaseKey> {
    let { baseKey } = this.#first!;
    for (let at = stepOf(this.#first!.kid); at < step; at += 1) baseKey = await nextStep(baseKey);
    return { kid: this.#kid(step), baseKey };
  }

  async #installUpTo(step: number): Promise<BaseKey[]> {
    const end = Math.min(step + STEPS_IN_ADVANCE, 255);
    const install: BaseKey[] = [];
    for (;;) {
      const last: BaseKey | undefined = this.#last;
      if (last && stepOf(last.kid) >= end) break;
      this.#last = last ? await this.#after(last) : this.#first!;
      install.push(this.#last);
    }
    this.#installed.push(...install.map(({ kid }) => kid));
    return install;
  }

  async #after({ kid, baseKey }: BaseKey): Promise<BaseKey> {
    return { kid: this.#kid(stepOf(kid) + 1), baseKey: await nextStep(baseKey) };
  }

  #kid(step: number): number {
    return kidOf(this.#sender, generationOf(this.#first!.kid), step);
  }
}

/** Joins within one round trip. */
const STEPS_IN_ADVANCE = 4;

/** Jitter buffers hold less than a second. */
const OLD_GENERATION_MS = 5000;

// A line on which messages are late, come twice or not at all, as a seed has it.
//
// Owns: what happens to each letter. Never does: change one.

import type { Letter, Network } from "./network.testkit.ts";

/** A generator of numbers in 0..1 that a seed repeats (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Disturbance {
  readonly #late: { at: number; letter: Letter }[] = [];

  constructor(
    readonly network: Network,
    readonly chance: () => number,
  ) {
    network.tamper = (letter) => this.#take(letter);
  }

  /** As `Network.run`, with what is late. */
  async run(span: number): Promise<void> {
    for (let step = 0; step < span / 100; step += 1) {
      const due = this.#late.filter(({ at }) => at <= this.network.now);
      for (const one of due) {
        this.#late.splice(this.#late.indexOf(one), 1);
        this.network.deliver(one.letter);
      }
      await this.network.run(100);
    }
  }

  async end(): Promise<void> {
    this.network.tamper = (letter) => [letter];
    for (const { letter } of this.#late.splice(0)) this.network.deliver(letter);
    await this.network.run(20_000);
  }

  #take(letter: Letter): Letter[] {
    const draw = this.chance();
    if (draw < 0.05) return [];
    if (draw < 0.12) return [letter, letter];
    if (draw < 0.35) {
      this.#late.push({ at: this.network.now + this.chance() * 2500, letter });
      return [];
    }
    return [letter];
  }
}

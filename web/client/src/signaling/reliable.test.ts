import { describe, expect, it } from "vitest";

import type { Frame } from "./protocol.ts";
import { NumberingFault, Reliable } from "./reliable.ts";

/** Numbers between 0 and 1 that are the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Two sides over sockets that keep order and are lost at any point, with what is under way. */
class Line {
  readonly sides = [new Side(), new Side()] as const;
  readonly #dice: () => number;

  constructor(seed: number) {
    this.#dice = random(seed);
  }

  step(): void {
    const dice = this.#dice();
    const from = this.#dice() < 0.5 ? 0 : 1;
    if (dice < 0.35) this.say(from);
    else if (dice < 0.75) this.deliver(from);
    else if (dice < 0.85) this.sides[from].out.push(this.sides[from].numbers.acknowledgement());
    else this.lose();
  }

  say(from: 0 | 1): void {
    const side = this.sides[from];
    side.out.push(side.numbers.send(++side.said));
  }

  deliver(from: 0 | 1): void {
    const frame = this.sides[from].out.shift();
    const body = frame && this.sides[1 - from]?.numbers.receive(frame);
    if (body !== undefined) this.sides[1 - from]?.heard.push(body);
  }

  lose(): void {
    const [one, other] = this.sides;
    const received = [one.numbers.received, other.numbers.received] as const;
    one.out = one.numbers.resume(received[1]);
    other.out = other.numbers.resume(received[0]);
  }

  drain(): void {
    for (const from of [0, 1] as const) while (this.sides[from].out.length > 0) this.deliver(from);
  }
}

class Side {
  readonly numbers = new Reliable<number, number>();
  out: Frame<number>[] = [];
  heard: number[] = [];
  said = 0;
}

const counting = (to: number) => Array.from({ length: to }, (_, at) => at + 1);

describe("Reliable", () => {
  it("brings everything once and in order, wherever sockets are lost", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const line = new Line(seed);
      for (let i = 0; i < 200; i++) line.step();
      line.lose();
      line.drain();
      const [one, other] = line.sides;
      expect(one.heard, `seed ${seed}`).toEqual(counting(other.said));
      expect(other.heard, `seed ${seed}`).toEqual(counting(one.said));
    }
  });

  it("keeps what is not acknowledged, and nothing else", () => {
    const numbers = new Reliable<string, string>();
    numbers.send("a");
    numbers.send("b");
    numbers.receive({ ack: 1 });
    expect(numbers.resume(1).map(({ seq, body }) => [seq, body])).toEqual([[2, "b"]]);
    expect(numbers.resume(2)).toEqual([]);
  });

  it("owes an acknowledgement until something carries it", () => {
    const numbers = new Reliable<string, string>();
    expect(numbers.owesAcknowledgement).toBe(false);
    numbers.receive({ seq: 1, ack: 0, body: "a" });
    expect(numbers.owesAcknowledgement).toBe(true);
    expect(numbers.send("b").ack).toBe(1);
    expect(numbers.owesAcknowledgement).toBe(false);
  });

  it("ignores what arrived before, and takes no gap", () => {
    const numbers = new Reliable<string, string>();
    expect(numbers.receive({ seq: 1, ack: 0, body: "a" })).toBe("a");
    expect(numbers.receive({ seq: 1, ack: 0, body: "a" })).toBeUndefined();
    expect(() => numbers.receive({ seq: 3, ack: 0, body: "c" })).toThrow(NumberingFault);
  });

  it("takes no acknowledgement of what was never said", () => {
    const numbers = new Reliable<string, string>();
    numbers.send("a");
    for (const ack of [2, -1, 0.5, Number.NaN])
      expect(() => numbers.receive({ ack })).toThrow(NumberingFault);
  });

  it("gives up on a side that acknowledges nothing", () => {
    const numbers = new Reliable<number, number>();
    for (let i = 0; i < 256; i++) numbers.send(i);
    expect(() => numbers.send(256)).toThrow(NumberingFault);
  });
});

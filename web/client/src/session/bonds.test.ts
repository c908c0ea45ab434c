import { expect, it } from "vitest";

import { Bonds } from "./bonds.ts";
import { listener, member } from "./testing.ts";

const bonds = () => new Bonds({ participant: 1, sender: 10 });
const sealing = (participant: number, sender: number) => member(participant, { sender });

it("takes everybody once, and the same word again", () => {
  const all = bonds();
  for (const who of [sealing(1, 10), sealing(2, 20), listener(3), sealing(2, 20), listener(3)]) {
    expect(all.accepts(who)).toBe(true);
  }
  expect(all.ignored).toBe(0);
});

it("gives an index that is taken to no other person", () => {
  const all = bonds();
  all.accepts(sealing(2, 20));
  expect(all.accepts(sealing(3, 20))).toBe(false);
  expect(all.ignored).toBe(1);
  expect(all.accepts(sealing(2, 20)), "the first word still holds").toBe(true);
});

it("gives nobody the own index, and oneself no other", () => {
  const all = bonds();
  expect(all.accepts(sealing(2, 10))).toBe(false);
  expect(all.accepts(sealing(1, 30))).toBe(false);
  expect(all.ignored).toBe(2);
});

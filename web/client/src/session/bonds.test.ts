import { expect, it } from "vitest";

import { Bonds } from "./bonds.ts";
import { listener, member } from "./testing.ts";

const bonds = () => new Bonds({ participant: 1, sender: 10, salt: "own" });
const sealing = (participant: number, sender: number, salt: string) =>
  member(participant, { key: { sender, salt } });

it("takes everybody once, and the same word again", () => {
  const all = bonds();
  for (const who of [
    sealing(1, 10, "own"),
    sealing(2, 20, "a"),
    listener(3),
    sealing(2, 20, "a"),
    listener(3),
  ])
    expect(all.accepts(who)).toBe(true);
  expect(all.ignored).toBe(0);
});

it("gives an index that is taken neither another salt nor another person", () => {
  const all = bonds();
  all.accepts(sealing(2, 20, "a"));
  expect(all.accepts(sealing(2, 20, "b"))).toBe(false);
  expect(all.accepts(sealing(3, 20, "a"))).toBe(false);
  expect(all.accepts(sealing(3, 20, "b"))).toBe(false);
  expect(all.ignored).toBe(3);
  expect(all.accepts(sealing(2, 20, "a")), "the first word still holds").toBe(true);
});

it("gives nobody the own index or the own salt", () => {
  const all = bonds();
  expect(all.accepts(sealing(2, 10, "own"))).toBe(false);
  expect(all.accepts(sealing(2, 10, "a"))).toBe(false);
  expect(all.accepts(sealing(2, 20, "own"))).toBe(false);
  expect(all.accepts(sealing(1, 10, "a"))).toBe(false);
  expect(all.accepts(sealing(1, 30, "a"))).toBe(false);
  expect(all.ignored).toBe(5);
});

import { describe, expect, it } from "vitest";

import { pairsWanted, Slots } from "./slots.ts";
import { listener, member, roster } from "./testing.ts";

const room = roster(member(1), member(2), member(3));
const camera = (participant: number) => ({ participant, source: "camera" as const });

describe("Slots", () => {
  it("shows nothing before it was opened", () => {
    const slots = new Slots();
    slots.map({ mid: "5", track: camera(2) });
    expect(slots.placements(room)).toEqual([]);
    slots.opened("5", 20);
    expect(slots.placements(room)).toEqual([{ mid: "5", ...camera(2) }]);
  });

  it("knows media that is faster than words", () => {
    const slots = new Slots();
    slots.opened("5", 20);
    expect(slots.placements(room)).toEqual([]);
    slots.map({ mid: "5", track: camera(2) });
    expect(slots.placements(room)).toHaveLength(1);
  });

  it("withdraws a place that another stands in now, until it was opened there", () => {
    const slots = new Slots();
    slots.map({ mid: "5", track: camera(2) });
    slots.opened("5", 20);
    slots.map({ mid: "5", track: camera(3) });
    expect(slots.placements(room)).toEqual([]);
    slots.opened("5", 30);
    expect(slots.placements(room)).toEqual([{ mid: "5", ...camera(3) }]);
  });

  it("goes on with what is told twice, and begins anew after an empty place", () => {
    const slots = new Slots();
    slots.map({ mid: "5", track: camera(2) });
    slots.opened("5", 20);
    expect(slots.map({ mid: "5", track: camera(2) })).toBe(false);
    expect(slots.placements(room)).toHaveLength(1);
    expect(slots.map({ mid: "5", track: null })).toBe(true);
    expect(slots.map({ mid: "5", track: camera(2) })).toBe(false);
    expect(slots.placements(room)).toEqual([]);
  });

  it("never shows somebody under another's name", () => {
    const slots = new Slots();
    slots.map({ mid: "5", track: camera(2) });
    slots.opened("5", 30);
    expect(slots.placements(room)).toEqual([]);
  });

  it("believes the server in which of somebody's sources it is, once a frame of it was opened", () => {
    const slots = new Slots();
    expect(slots.map({ mid: "5", track: camera(2) })).toBe(false);
    slots.opened("5", 20);
    expect(slots.map({ mid: "5", track: { participant: 2, source: "screen" } })).toBe(true);
    expect(slots.placements(room), "its last picture is still the camera's").toEqual([]);
    slots.opened("5", 20);
    expect(slots.placements(room)).toEqual([{ mid: "5", participant: 2, source: "screen" }]);
  });

  it("shows nothing of who is not in the room, or of an empty place", () => {
    const slots = new Slots();
    slots.map({ mid: "5", track: camera(2) });
    slots.opened("5", 20);
    expect(slots.placements(roster(member(1)))).toEqual([]);
    slots.map({ mid: "5", track: null });
    expect(slots.placements(room)).toEqual([]);
  });
});

describe("pairsWanted", () => {
  const people = (count: number, changes = {}) =>
    roster(...Array.from({ length: count }, (_, at) => member(at + 1, at > 0 ? changes : {})));

  it("grows in steps, to sixteen, and never shrinks", () => {
    expect([1, 2, 5, 6, 9, 10, 13, 14, 16, 30].map((count) => pairsWanted(people(count), 0))).toEqual([
      0, 4, 4, 8, 8, 12, 12, 16, 16, 16,
    ]);
    expect(pairsWanted(people(2), 8)).toBe(8);
  });

  it("has room for screens, and none for listeners", () => {
    const screen = { media: { microphone: true, camera: true, screen: true } };
    expect(pairsWanted(people(3, screen), 4)).toBe(4);
    expect(pairsWanted(people(4, screen), 4)).toBe(8);
    expect(pairsWanted(roster(...people(5).members, listener(9)), 4)).toBe(4);
  });
});

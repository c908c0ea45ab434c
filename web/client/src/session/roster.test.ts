import { describe, expect, it } from "vitest";

import { memberOf, rosterOf, senderAt, senders, updated } from "./roster.ts";
import { listener, member, room, roster } from "./testing.ts";

describe("roster", () => {
  it("begins with the snapshot", () => {
    const members = [member(1), member(2)];
    expect(rosterOf({ you: 2, members, slots: [], room: { ...room, locked: true } })).toEqual({
      you: 2,
      members,
      locked: true,
      records: false,
      recording: null,
    });
  });

  it("appends who is new, and keeps the order of who changes", () => {
    const grown = updated(roster(member(1), member(2)), { type: "member", member: member(3) });
    const changed = updated(grown, { type: "member", member: member(2, { hand: true }) });
    expect(changed.members.map(({ participant, hand }) => [participant, hand])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ]);
  });

  it("never lets an index change under the same number", () => {
    const stolen = member(2, { sender: 99, name: "Other" });
    const after = updated(roster(member(1), member(2)), { type: "member", member: stolen });
    expect(memberOf(after, 2)).toEqual({ ...member(2), name: "Other" });
  });

  it("forgets who left", () => {
    const after = updated(roster(member(1), member(2)), { type: "left", participant: 2 });
    expect(after.members).toEqual([member(1)]);
  });

  it("follows the lock and the recording, and is the same value if nothing concerns it", () => {
    const before = roster(member(1));
    expect(updated(before, { type: "room", room: { ...room, locked: true } }).locked).toBe(true);
    expect(updated(before, { type: "room", room: { ...room, records: true } }).records).toBe(true);
    expect(updated(before, { type: "unsealed", mid: "0" })).toBe(before);
  });

  it("is a new value at each change", () => {
    const before = roster(member(1));
    updated(before, { type: "member", member: member(2) });
    expect(before.members).toEqual([member(1)]);
  });

  it("finds people by what they seal under", () => {
    const everybody = roster(member(1), listener(2), member(3), member(4, { sender: 30 }));
    expect(senderAt(everybody, 30)?.participant).toBe(3);
    expect(senderAt(everybody, 77)).toBeUndefined();
    expect(senders(everybody).map(({ participant }) => participant)).toEqual([3, 4]);
  });
});

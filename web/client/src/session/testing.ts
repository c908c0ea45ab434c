// Values for tests. Never does: run in an application.

import type { Member, RoomState } from "../signaling/protocol.ts";
import type { Roster } from "./roster.ts";

/** Somebody whose sender index is ten times the number. */
export function member(participant: number, changes: Partial<Member> = {}): Member {
  return {
    participant,
    name: `Person ${participant}`,
    standing: "guest",
    sender: participant * 10,
    admitted: true,
    media: { microphone: true, camera: true, screen: false },
    speaking: false,
    hand: false,
    line: "unknown",
    connection: "live",
    ...changes,
  };
}

/** Without a key: a listener. */
export function listener(participant: number): Member {
  const { sender: _, ...rest } = member(participant, { name: "", standing: "listener" });
  return rest;
}

/** Open, on a server that can't record. */
export const room: RoomState = { locked: false, records: false, recording: null };

/** Seen by the first of them. */
export function roster(...members: Member[]): Roster {
  return { you: members[0]?.participant ?? 0, members, ...room };
}

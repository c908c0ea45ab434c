// Who is in the room, as the server tells it.
//
// Owns: members by number, in the order of coming in. Never does: believe it for more than names; whose a picture
// is, the key says that opens it.

import type { Member, Recording, ServerBody, Snapshot } from "../signaling/protocol.ts";

/** A value: each change gives a new one. */
export interface Roster {
  you: number;
  members: readonly Member[];
  locked: boolean;
  /** This server can record. */
  records: boolean;
  recording: Recording | null;
}

export function rosterOf({ you, members, room }: Snapshot): Roster {
  return { you, members, ...room };
}

/** Takes what the server says in; what does not concern the roster leaves it as it is. */
export function updated(roster: Roster, body: ServerBody): Roster {
  switch (body.type) {
    case "member":
      return { ...roster, members: withMember(roster.members, body.member) };
    case "left":
      return {
        ...roster,
        members: roster.members.filter((member) => member.participant !== body.participant),
      };
    case "room":
      return { ...roster, ...body.room };
    default:
      return roster;
  }
}

export function memberOf(roster: Roster, participant: number): Member | undefined {
  return roster.members.find((member) => member.participant === participant);
}

/** Who seals under this index. Two with the same one can't be; if a server says so, the first stays. */
export function senderAt(roster: Roster, sender: number): Member | undefined {
  return roster.members.find((member) => member.sender === sender);
}

/** All whose media may come: neither oneself nor those who only listen. */
export function senders(roster: Roster): Member[] {
  return roster.members.filter((member) => member.sender !== undefined && member.participant !== roster.you);
}

/** An index stays what it was: a number is never used again, and neither is who stands behind it. */
function withMember(members: readonly Member[], member: Member): Member[] {
  const at = members.findIndex((known) => known.participant === member.participant);
  if (at < 0) return [...members, member];
  const sender = members[at]?.sender;
  return members.with(at, sender === undefined ? member : { ...member, sender });
}

// The people of a session, as an application sees them.
//
// Owns: putting together roster, streams, seals and one's own side. Never does: change any of them.

import type { Member } from "../signaling/protocol.ts";
import { mediaState, type Own } from "./own.ts";
import type { Roster } from "./roster.ts";
import type { Shown } from "./stage.ts";
import type { Person as Known } from "../keys/agreement.ts";
import type { Person, SealState, Trust } from "./types.ts";

export interface Sight {
  shown: ReadonlyMap<number, Shown>;
  seal: (sender: number) => SealState;
  /** Whose key has this index, as the keys' own protocol knows it. */
  known: (sender: number) => Known | undefined;
  own: Readonly<Own>;
  ownCamera: MediaStream | undefined;
  /** How one's own connection is. */
  connection: Person["connection"];
}

export function peopleOf(roster: Roster, sight: Sight): Person[] {
  return roster.members.flatMap((member) => {
    if (member.participant === roster.you) return [ownPerson(member, sight)];
    // a listener sends nothing, and has no key: there is nobody but the server to tell of it
    if (member.sender === undefined) return [otherPerson(member, undefined, sight)];
    const known = sight.known(member.sender);
    return known?.standing === "admitted" ? [otherPerson(member, known, sight)] : [];
  });
}

/** At once as wished, before the server says it back. */
function ownPerson(member: Member, { own, ownCamera, connection }: Sight): Person {
  return {
    ...plain(member),
    ...mediaState(own),
    you: true,
    speaking: own.speaking,
    hand: own.hand,
    line: own.line,
    connection,
    seal: "open",
    ...(ownCamera ? { cameraStream: ownCamera } : {}),
    ...(own.screen ? { screenStream: own.screen } : {}),
    audioStreams: [],
  };
}

/** Name and role are the signed ones. */
function otherPerson(member: Member, known: Known | undefined, { shown, seal }: Sight): Person {
  const { camera, screen, audio } = shown.get(member.participant) ?? { audio: [] };
  return {
    ...plain(member),
    ...(known && { name: known.name, standing: known.role, trust: trustOf(known) }),
    ...member.media,
    you: false,
    speaking: member.speaking,
    hand: member.hand,
    line: member.line,
    connection: member.connection,
    seal: member.sender === undefined ? "waiting" : seal(member.sender),
    // Switched off by its owner: what still stands in the place is the last picture.
    ...(camera && member.media.camera ? { cameraStream: camera } : {}),
    ...(screen && member.media.screen ? { screenStream: screen } : {}),
    audioStreams: audio,
  };
}

export function trustOf(known: Known): Trust {
  const { stay, deviceId, role, link, familiarity, words, isUnconfirmed, records } = known;
  return { stay, deviceId, role, link, familiarity, words, isUnconfirmed, records };
}

function plain({ participant, name, standing }: Member): Pick<Person, "id" | "name" | "standing"> {
  return { id: participant, name, standing };
}

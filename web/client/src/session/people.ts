// The people of a session, as an application sees them.
//
// Owns: putting together roster, streams, seals and one's own side. Never does: change any of them.

import type { Member } from "../signaling/protocol.ts";
import { mediaState, type Own } from "./own.ts";
import type { Roster } from "./roster.ts";
import type { Shown } from "./stage.ts";
import type { Person, SealState } from "./types.ts";

export interface Sight {
  shown: ReadonlyMap<number, Shown>;
  seal: (sender: number) => SealState;
  own: Readonly<Own>;
  ownCamera: MediaStream | undefined;
  /** How one's own connection is. */
  connection: Person["connection"];
}

export function peopleOf(roster: Roster, sight: Sight): Person[] {
  return roster.members.map((member) =>
    member.participant === roster.you ? ownPerson(member, sight) : otherPerson(member, sight),
  );
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

function otherPerson(member: Member, { shown, seal }: Sight): Person {
  const { camera, screen, audio } = shown.get(member.participant) ?? { audio: [] };
  return {
    ...plain(member),
    ...member.media,
    you: false,
    speaking: member.speaking,
    hand: member.hand,
    line: member.line,
    connection: member.connection,
    seal: member.key ? seal(member.key.sender) : "waiting",
    // Switched off by its owner: what still stands in the place is the last picture.
    ...(camera && member.media.camera ? { cameraStream: camera } : {}),
    ...(screen && member.media.screen ? { screenStream: screen } : {}),
    audioStreams: audio,
  };
}

function plain({ participant, name, standing }: Member): Pick<Person, "id" | "name" | "standing"> {
  return { id: participant, name, standing };
}

// What an application sees of a session: plain values, made anew at each change.
//
// Owns: shapes. Never does: hold state.

import type { Person as Known } from "../keys/agreement.ts";
import type { Standing } from "../keys/core.ts";
import type { FaultCode } from "../keys/fault.ts";
import type { Recorded, RecipientView, SubjectView } from "../keys/proposal.ts";
import type { Purpose } from "../keys/recording-messages.ts";
import type { Recording } from "../signaling/protocol.ts";

export type { Purpose, RecipientView, Recorded, SubjectView };

export type RecordingPhase = Recording["phase"];
export type RecordingEnd = NonNullable<Recording["end"]>;

export type { FaultCode, Standing };

/** Where the call stands. */
export type Phase = "joining" | "live" | "reconnecting" | "ended";

/** Why a call is over, or did not begin. `code` is for programs, words are the application's. */
export type EndCode =
  | "left" // the own wish
  | "ended" // a host ended it for everybody
  | "removed" // a host sent this person away
  | "replaced" // opened in another tab or on another device
  | "expired" // the link's time is over
  | "revoked" // the link was taken back
  | "unknown_link" // no such link
  | "room_full"
  | "room_locked"
  | "room_unsealed" // clear media is there: a browser never joins it
  | "not_sealed" // the own media could not be sealed: nothing was sent
  | "unsupported" // this browser can't seal
  | "server_gone" // no server answers for too long
  | "media_blocked" // signaling works, media does not
  | "refused" // by policy
  | "fault"; // a defect, ours or theirs

export interface End {
  code: EndCode;
  /** For support, in English: never shown as the message itself. */
  detail: string;
}

/** How good a line is, as its owner measured it. */
export type Line = "unknown" | "good" | "fair" | "poor";

/** Whether what somebody sends can be opened. Nothing is shown or heard before `open`. */
export type SealState = "waiting" | "open" | "wrong_key";

/** What is proven of somebody, by the protocol of the keys. */
export type Trust = Pick<
  Known,
  "stay" | "deviceId" | "role" | "link" | "familiarity" | "words" | "isUnconfirmed" | "records"
>;

/** Somebody who is not in the call: waits, or was declined. Hosts see them. */
export interface Waiting extends Trust {
  name: string;
  declined: boolean;
}

/** Something that a person has to be told, once. */
export interface Notice {
  code: FaultCode;
  /** Whom it is about, where that is known. */
  name?: string;
}

/** A link that this host's browser has made. */
export interface OwnLink {
  /** Names it. */
  invitation: string;
  /** With its secret: to be handed over. */
  url: string;
}

/** Somebody in the room. */
export interface Person {
  id: number;
  name: string;
  standing: "host" | "guest" | "listener";
  you: boolean;
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  speaking: boolean;
  hand: boolean;
  line: Line;
  connection: "connecting" | "live" | "away";
  seal: SealState;
  /** Absent for oneself, and for listeners. */
  trust?: Trust;
  /** Present as soon as it can be shown: authenticated, and switched on by its owner. For `you` the own capture. */
  cameraStream?: MediaStream;
  screenStream?: MediaStream;
  /** Microphone and the sound of a shared screen; absent for `you`. To be played once each. */
  audioStreams: MediaStream[];
}

/** What a host asks the others to agree to. */
export interface RecordingWish {
  purpose: Purpose;
  /** After that it is destroyed. */
  days: number;
  /** At least one person with something. */
  subjects: readonly ({ id: number } & Recorded)[];
  /** The guests who are recorded can open it: six at most. */
  forClient: boolean;
  /** So can the clinic, by its 25 words. */
  clinic: boolean;
}

/** What was proposed, by a signature of its author. */
export interface RecordingProposal {
  /** Names exactly this: what an answer is to. */
  id: string;
  purpose: Purpose;
  days: number;
  author: string;
  isOwn: boolean;
  subjects: SubjectView[];
  recipients: RecipientView[];
}

/** A recording of this session, from the question to its end. */
export interface RecordingState {
  /** 32 hexadecimal digits. */
  recording: string;
  phase: RecordingPhase;
  /** It has to be shown to everybody that this is recorded. */
  isOn: boolean;
  /** Absent for somebody who was not asked. */
  proposal: RecordingProposal | undefined;
  /** One's own. */
  answer: "yes" | "no" | undefined;
  /** Names of others whose yes is missing. */
  missing: string[];
  /** How much outlives a crash of the server. */
  safeMs: number;
  end: RecordingEnd | undefined;
  /** How long the server's disk would last, where it had no room. */
  hoursLeft: number | undefined;
  /** The server has no room for pictures at the moment. */
  isSoundOnly: boolean;
}

/** The whole, at one moment. */
export interface SessionState {
  phase: Phase;
  /** In the order of coming in. */
  people: Person[];
  locked: boolean;
  /** One's own: media flows when admitted. */
  standing: Standing;
  /** Nothing is sent: no host has confirmed for half a minute that it sees the same people. */
  isHeld: boolean;
  /** A guest's: the link, or compared words, prove the therapist. */
  isHostAuthenticated: boolean;
  /** Hosts whom a guest who waits has met. */
  hosts: (Trust & { name: string })[];
  /** What this device learns of others outlives the page; not so in a private window. */
  isLasting: boolean;
  waiting: Waiting[];
  /** That a host's browser has made for this room, and that were not taken back. */
  links: OwnLink[];
  notices: Notice[];
  /** A host may ask for a recording: this server can record. */
  canRecord: boolean;
  recording: RecordingState | undefined;
  /** Present when `phase` is `ended`. */
  end?: End;
  /** Since when the connection is being looked for, as of `performance.now()`; present while reconnecting. */
  reconnectingSince?: number;
}

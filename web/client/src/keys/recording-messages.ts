// The messages of a recording, as values and as bytes (RECORDING.md, section 2).
//
// Owns: their form, as strictly as messages.ts does for the others. Never does: believe one.

import {
  concat,
  hex,
  inRange,
  isLess,
  Malformed,
  pieces,
  u16,
  u32,
  u64,
  u8,
  type Bytes,
  type Reader,
} from "./encoding.ts";

/** A relaxing activity, a guided meditation, a role-play looked at together, supervision. */
export const PURPOSES = { activity: 1, meditation: 2, roleplay: 3, supervision: 4 } as const;
export type Purpose = keyof typeof PURPOSES;

/** Whose agreement key, or the clinic's recovery key. */
export const RECIPIENTS = { therapist: 1, clinic: 2, client: 3 } as const;
export type RecipientRole = keyof typeof RECIPIENTS;

/** What of somebody is recorded: bits of one byte. */
export const SOURCES = { microphone: 1, camera: 2, screen: 4 } as const;

export interface Subject {
  deviceId: Bytes;
  /** Of `SOURCES`; not 0. */
  what: number;
}

export interface Recipient {
  role: RecipientRole;
  /** X25519. */
  key: Bytes;
}

export interface Proposal {
  type: "proposal";
  /** Hello hash of a host. */
  from: Bytes;
  /** Names it: 16 random bytes. */
  recording: Bytes;
  /** Unix seconds. */
  at: number;
  purpose: Purpose;
  /** After that it is destroyed. */
  days: number;
  /** Ascending by device id, no device twice. */
  subjects: Subject[];
  /** No key twice. */
  recipients: Recipient[];
}

export interface Consent {
  type: "consent";
  from: Bytes;
  /** Proposal hash. */
  proposal: Bytes;
  /** Of two consents of one stay the greater one holds. */
  counter: number;
  answer: "yes" | "no";
}

/** One for each recipient of the proposal, in their order. */
export interface Box {
  enc: Bytes;
  ct: Bytes;
}

export interface Capsule {
  type: "capsule";
  from: Bytes;
  proposal: Bytes;
  kid: number;
  boxes: Box[];
}

export type RecordingMessage = Proposal | Consent | Capsule;

export function fieldsOfRecording(message: RecordingMessage): Uint8Array[] {
  switch (message.type) {
    case "proposal":
      return [
        message.from,
        message.recording,
        u64(message.at),
        u8(PURPOSES[message.purpose]),
        u16(TEXT),
        u16(message.days),
        concat(...message.subjects.map(({ deviceId, what }) => concat(deviceId, u8(what)))),
        concat(...message.recipients.map(({ role, key }) => concat(u8(RECIPIENTS[role]), key))),
      ];
    case "consent":
      return [message.from, message.proposal, u32(message.counter), u8(message.answer === "yes" ? YES : NO)];
    case "capsule":
      return [
        message.from,
        message.proposal,
        u32(message.kid),
        concat(...message.boxes.map(({ enc, ct }) => concat(enc, ct))),
      ];
  }
}

export function readProposal(reader: Reader): Proposal {
  const [from, recording, at] = [reader.field(32), reader.field(16), reader.number(8)];
  const purpose = named(PURPOSES, reader.number(1));
  // sentences that this client doesn't have can't be agreed to
  inRange(reader.number(2), TEXT, TEXT);
  return {
    type: "proposal",
    from,
    recording,
    at,
    purpose,
    days: inRange(reader.number(2), 1, MOST_DAYS),
    subjects: subjects(reader.field(PAIR_BYTES, PAIR_BYTES * MOST_SUBJECTS)),
    recipients: recipients(reader.field(PAIR_BYTES, PAIR_BYTES * MOST_RECIPIENTS)),
  };
}

export function readConsent(reader: Reader): Consent {
  return {
    type: "consent",
    from: reader.field(32),
    proposal: reader.field(32),
    counter: inRange(reader.number(4), 1, 2 ** 32 - 1),
    answer: inRange(reader.number(1), YES, NO) === YES ? "yes" : "no",
  };
}

export function readCapsule(reader: Reader): Capsule {
  return {
    type: "capsule",
    from: reader.field(32),
    proposal: reader.field(32),
    kid: reader.number(4),
    boxes: pieces(reader.field(BOX_BYTES, BOX_BYTES * MOST_RECIPIENTS), BOX_BYTES).map((box) => ({
      enc: box.take(32),
      ct: box.take(48),
    })),
  };
}

function subjects(bytes: Bytes): Subject[] {
  const read = pieces(bytes, PAIR_BYTES).map((reader) => ({
    deviceId: reader.take(32),
    what: inRange(reader.u8(), 1, ALL_SOURCES),
  }));
  const ascending = read.every(({ deviceId }, at) => at === 0 || isLess(read[at - 1]!.deviceId, deviceId));
  if (!ascending) throw new Malformed("subjects that do not ascend");
  return read;
}

function recipients(bytes: Bytes): Recipient[] {
  const read = pieces(bytes, PAIR_BYTES).map((reader) => ({
    role: named(RECIPIENTS, reader.u8()),
    key: reader.take(32),
  }));
  const count = (of: RecipientRole) => read.filter(({ role }) => role === of).length;
  if (count("therapist") !== 1 || count("clinic") > 1) throw new Malformed("recipients of the wrong roles");
  if (new Set(read.map(({ key }) => hex(key))).size < read.length) throw new Malformed("a key twice");
  return read;
}

function named<N extends string>(names: Record<N, number>, value: number): N {
  const found = (Object.keys(names) as N[]).find((name) => names[name] === value);
  if (!found) throw new Malformed("a number without a name");
  return found;
}

/** The version of the sentences that are agreed to. */
const TEXT = 1;
const [YES, NO] = [1, 2];
const ALL_SOURCES = SOURCES.microphone + SOURCES.camera + SOURCES.screen;

/** A device id or a key, and a byte. */
const PAIR_BYTES = 33;
const BOX_BYTES = 32 + 48;
export const MOST_DAYS = 3650;
export const MOST_SUBJECTS = 16;
export const MOST_RECIPIENTS = 8;

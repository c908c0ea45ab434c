// The messages of SK-1, as values and as bytes (SK-1.md, sections 2 and 6; of recordings: RECORDING.md).
//
// Owns: their form, strictly: one encoding for each value, and nothing else is read. Never does: believe one.

import { fromBase64Url, toBase64Url } from "../base64.ts";
import {
  concat,
  field,
  inRange,
  isLess,
  Malformed,
  pieces,
  Reader,
  u16,
  u32,
  u8,
  utf8,
  type Bytes,
  withoutControls,
} from "./encoding.ts";
import { sign, verify } from "./primitives.ts";
import {
  fieldsOfRecording,
  readCapsule,
  readConsent,
  readProposal,
  type RecordingMessage,
} from "./recording-messages.ts";

export interface Hello {
  type: "hello";
  room: string;
  signingKey: Bytes;
  agreementKey: Bytes;
  ephemeralKey: Bytes;
  /** The upper 12 bits of each KID of this stay. */
  sender: number;
  capabilities: number;
  name: string;
  /** Of a host; else empty. */
  certificate: Bytes;
}

export interface Knock {
  type: "knock";
  from: Bytes;
  to: Bytes;
  commitment: Bytes;
  linkId: Bytes;
  linkMac: Bytes;
}

export interface Answer {
  type: "answer";
  from: Bytes;
  to: Bytes;
  knock: Bytes;
  nonce: Bytes;
}

export interface Open {
  type: "open";
  from: Bytes;
  to: Bytes;
  answer: Bytes;
  nonce: Bytes;
}

/** What a host says of one device. */
export interface Entry {
  deviceId: Bytes;
  hello: Bytes;
  sender: number;
  verdict: Verdict;
  clock: number;
}

/** Admitted, put back, declined or removed, gone for now. */
export const VERDICTS = { admitted: 1, waiting: 2, refused: 3, away: 4 } as const;
export type Verdict = (typeof VERDICTS)[keyof typeof VERDICTS];

export interface Statement {
  type: "statement";
  from: Bytes;
  /** Ascending by device id, no device twice. */
  entries: Entry[];
}

export interface Key {
  type: "key";
  from: Bytes;
  to: Bytes;
  kid: number;
  enc: Bytes;
  ct: Bytes;
}

/** What its author has of another member. */
export interface Heard {
  /** The first 8 bytes of the hello hash. */
  stay: Bytes;
  /** Of the last beat; 0 for none. */
  counter: number;
  /** Of the last key; 0 for none. */
  kid: number;
}

export interface Beat {
  type: "beat";
  from: Bytes;
  counter: number;
  membership: Bytes;
  kid: number;
  heard: Heard[];
}

export interface Bye {
  type: "bye";
  from: Bytes;
}

export type Message = Hello | Knock | Answer | Open | Statement | Key | Beat | Bye | RecordingMessage;

/** A message as it came: its signature is not looked at yet. */
export interface Parsed<M extends Message = Message> {
  message: M;
  /** What is signed, and what hashes are of. */
  body: Bytes;
  signature: Bytes;
}

/** A message of our own. */
export interface Written {
  text: string;
  body: Bytes;
}

/** Reads what came, or nothing where it is not of the form. */
export function parse(text: string): Parsed | undefined {
  const bytes = text.length <= MOST_CHARACTERS ? fromBase64Url(text) : undefined;
  if (!bytes) return undefined;
  try {
    const reader = new Reader(bytes);
    if (reader.u8() !== VERSION) return undefined;
    const type = TYPES[reader.u8() - 1];
    if (!type) return undefined;
    const message = READERS[type](reader);
    const body = bytes.slice(0, reader.position);
    const signature = reader.field(SIGNATURE_BYTES);
    reader.end();
    return { message, body, signature };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Signs with the author's device key. */
export async function write(message: Message, key: CryptoKey): Promise<Written> {
  const body = bodyOf(message);
  const signature = await sign(key, message.type, body);
  return { text: toBase64Url(concat(body, field(signature))), body };
}

/** Whether the holder of the key has signed it. */
export function isSignedBy({ message, body, signature }: Parsed, signingKey: Bytes): Promise<boolean> {
  return verify(signingKey, message.type, signature, body);
}

export function bodyOf(message: Message): Bytes {
  return concat(u8(VERSION), u8(TYPES.indexOf(message.type) + 1), ...fieldsOf(message).map(field));
}

/** What the MAC of a knock covers: the body up to it. */
export function macInput(knock: Knock): Bytes {
  return concat(u8(VERSION), u8(TYPES.indexOf("knock") + 1), ...fieldsOf(knock).slice(0, -1).map(field));
}

function fieldsOf(message: Message): Uint8Array[] {
  switch (message.type) {
    case "hello":
      return [
        utf8(message.room),
        message.signingKey,
        message.agreementKey,
        message.ephemeralKey,
        u16(message.sender),
        u32(message.capabilities),
        utf8(message.name),
        message.certificate,
      ];
    case "knock":
      return [message.from, message.to, message.commitment, message.linkId, message.linkMac];
    case "answer":
      return [message.from, message.to, message.knock, message.nonce];
    case "open":
      return [message.from, message.to, message.answer, message.nonce];
    case "statement":
      return [message.from, concat(...message.entries.map(entryBytes))];
    case "key":
      return [message.from, message.to, u32(message.kid), message.enc, message.ct];
    case "beat":
      return [
        message.from,
        u32(message.counter),
        message.membership,
        u32(message.kid),
        concat(...message.heard.map(({ stay, counter, kid }) => concat(stay, u32(counter), u32(kid)))),
      ];
    case "bye":
      return [message.from];
    case "proposal":
    case "consent":
    case "capsule":
      return fieldsOfRecording(message);
  }
}

function entryBytes({ deviceId, hello, sender, verdict, clock }: Entry): Bytes {
  return concat(deviceId, hello, u16(sender), u8(verdict), u32(clock));
}

const READERS: { [T in Message["type"]]: (reader: Reader) => Extract<Message, { type: T }> } = {
  hello: (reader) => ({
    type: "hello",
    room: reader.text(1, 128),
    signingKey: reader.field(32),
    agreementKey: reader.field(32),
    ephemeralKey: reader.field(32),
    sender: inRange(reader.number(2), FIRST_SENDER, LAST_SENDER),
    capabilities: reader.number(4),
    name: withoutControls(reader.text(0, 128)),
    certificate: reader.field(0, 512),
  }),
  knock: (reader) => ({
    type: "knock",
    from: reader.field(32),
    to: reader.field(32),
    commitment: reader.field(32),
    ...bothOrNone(reader.field(0, 8), reader.field(0, 32)),
  }),
  answer: (reader) => ({
    type: "answer",
    from: reader.field(32),
    to: reader.field(32),
    knock: reader.field(32),
    nonce: reader.field(32),
  }),
  open: (reader) => ({
    type: "open",
    from: reader.field(32),
    to: reader.field(32),
    answer: reader.field(32),
    nonce: reader.field(32),
  }),
  statement: (reader) => ({
    type: "statement",
    from: reader.field(32),
    entries: entries(reader.field(ENTRY_BYTES, ENTRY_BYTES * MOST_ENTRIES)),
  }),
  key: (reader) => ({
    type: "key",
    from: reader.field(32),
    to: reader.field(32),
    kid: reader.number(4),
    enc: reader.field(32),
    ct: reader.field(48),
  }),
  beat: (reader) => ({
    type: "beat",
    from: reader.field(32),
    counter: inRange(reader.number(4), 1, 2 ** 32 - 1),
    membership: reader.field(32),
    kid: reader.number(4),
    heard: heard(reader.field(0, HEARD_BYTES * MOST_HEARD)),
  }),
  bye: (reader) => ({ type: "bye", from: reader.field(32) }),
  proposal: readProposal,
  consent: readConsent,
  capsule: readCapsule,
};

function bothOrNone(linkId: Bytes, linkMac: Bytes): { linkId: Bytes; linkMac: Bytes } {
  const isForm = linkId.length === 0 ? linkMac.length === 0 : linkId.length === 8 && linkMac.length === 32;
  if (!isForm) throw new Malformed("half a link");
  return { linkId, linkMac };
}

function entries(bytes: Bytes): Entry[] {
  const read = pieces(bytes, ENTRY_BYTES).map((reader): Entry => {
    const [deviceId, hello, sender] = [reader.take(32), reader.take(32), reader.u16()];
    const verdict = reader.u8();
    if (!isVerdict(verdict)) throw new Malformed("an unknown verdict");
    inRange(sender, FIRST_SENDER, LAST_SENDER);
    return { deviceId, hello, sender, verdict, clock: reader.u32() };
  });
  const ascending = read.every((entry, at) => at === 0 || isLess(read[at - 1]!.deviceId, entry.deviceId));
  if (!ascending) throw new Malformed("entries that do not ascend");
  return read;
}

function heard(bytes: Bytes): Heard[] {
  return pieces(bytes, HEARD_BYTES).map((reader) => ({
    stay: reader.take(8),
    counter: reader.u32(),
    kid: reader.u32(),
  }));
}

function isVerdict(value: number): value is Verdict {
  return value >= VERDICTS.admitted && value <= VERDICTS.away;
}

const VERSION = 1;

/** In the order of their numbers, from 1. */
const TYPES = [
  "hello",
  "knock",
  "answer",
  "open",
  "statement",
  "key",
  "beat",
  "bye",
  "proposal",
  "consent",
  "capsule",
] as const;

const SIGNATURE_BYTES = 64;

/** Of 8192 bytes in base64url. */
export const MOST_CHARACTERS = 10_923;

export const FIRST_SENDER = 16;
export const LAST_SENDER = 4095;

const ENTRY_BYTES = 71;
export const MOST_ENTRIES = 64;

const HEARD_BYTES = 16;
export const MOST_HEARD = 32;

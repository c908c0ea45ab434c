// A recording of two people that never was: every file of its folder, sealed by the real code.
//
// Owns: how one is made, and its pieces to tamper with. For tests and the lab alone.

import { proposalHash, sealCapsule } from "../keys/capsule.ts";
import { newDevice, type Device } from "../keys/device.ts";
import { hex, isLess, utf8, type Bytes } from "../keys/encoding.ts";
import { helloHash } from "../keys/hello.ts";
import { write, type Hello, type Message } from "../keys/messages.ts";
import { newAgreementPair, randomBytes } from "../keys/primitives.ts";
import { SOURCES, type Proposal } from "../keys/recording-messages.ts";
import { recoveryKeyOf } from "../keys/recovery.ts";
import { certify, rootOf } from "../keys/root.ts";
import { kidOf, nextStep, type BaseKey } from "../keys/senderkeys.ts";
import { concat } from "../sealing/bytes.ts";
import type { Codec } from "../sealing/layout.ts";
import { Outgoing } from "../sealing/outgoing.ts";
import { writeBlock, writeCluster, writeCues, writeHeader, type WrittenTrack } from "./matroska.testkit.ts";
import { writeJournal } from "./journal.testkit.ts";
import type { Cue } from "./matroska.ts";

export const ROOM = "session-1";
export const BEGUN = 1_800_000_000_000;

/** An encoded frame, in the order of time. */
export interface ClearFrame {
  /** From 1: sound and picture of the therapist, then of the client. */
  track: number;
  ms: number;
  isKey: boolean;
  frame: Bytes;
}

export interface Person {
  device: Device;
  stay: Bytes;
  hello: string;
  sender: number;
  /** By when they are used. */
  keys: { fromMs: number; key: BaseKey }[];
}

export interface Made {
  id: string;
  room: string;
  host: Person;
  guest: Person;
  clear: ClearFrame[];
  manifest: object;
  consents: string[];
  keys: string[];
  capture: Bytes;
  clusters: Cue[];
  segment: number;
  /** Where the index begins. */
  cuesAt: number;
  /** By name, as the server gives them. */
  files: () => Record<string, Bytes>;
}

export interface Making {
  seconds?: number;
  frames?: ClearFrame[];
  picture?: Codec;
  size?: { width: number; height: number };
}

export async function makeRecording(making: Making = {}): Promise<Made> {
  const { seconds = 12, picture = "vp8", size = { width: 640, height: 360 } } = making;
  const clear = making.frames ?? fakeFrames(seconds);
  const id = randomBytes(16);
  const root = await rootOf(randomBytes(32));
  const host = await person("Ines Duarte", 16, [[0, kidOf(16, 1, 0)]], root);
  // a step that everybody derives, and a new generation
  const times: [number, number][] = [
    [0, kidOf(17, 2, 3)],
    [4000, kidOf(17, 2, 5)],
    [8000, kidOf(17, 3, 0)],
  ];
  const guest = await person("Omar Haddad", 17, times);
  const proposal: Proposal = {
    type: "proposal",
    from: host.stay,
    recording: id,
    at: BEGUN / 1000 - 5,
    purpose: "roleplay",
    days: 14,
    subjects: [host, guest]
      .map(({ device }) => ({ deviceId: device.id, what: SOURCES.microphone + SOURCES.camera }))
      .sort((one, other) => (isLess(one.deviceId, other.deviceId) ? -1 : 1)),
    recipients: [
      { role: "therapist", key: host.device.agreementKey },
      { role: "clinic", key: recoveryKeyOf(root.publicKey) },
    ],
  };
  const proposed = await write(proposal, host.device.sign);
  const hash = await proposalHash(proposed.body);
  // as the server keeps them (keys/src/consents.rs)
  const messages = [host.hello, proposed.text];
  for (const one of [host, guest]) {
    if (one === guest) messages.push(guest.hello);
    const consent: Message = { type: "consent", from: one.stay, proposal: hash, counter: 1, answer: "yes" };
    messages.push((await write(consent, one.device.sign)).text);
  }
  const keys: string[] = [];
  for (const [who, at] of [
    [host, 0],
    [guest, 0],
    [guest, 2],
  ] as const)
    keys.push(JSON.stringify({ message: await capsule(who, hash, proposal, at) }));
  const tracks: WrittenTrack[] = [host, guest].flatMap(({ sender }) => [
    { codec: "opus", sender, width: 0, height: 0 },
    { codec: picture, sender, ...size },
  ]);
  // as each picture has them, for a codec that nobody sends
  tracks.push({ codec: "h264", sender: guest.sender, ...size });
  const manifest = {
    version: 1,
    id: hex(id),
    begun: BEGUN,
    layout: 2,
    suite: 5,
    purpose: "role_play",
    expires: BEGUN / 1000 + 14 * 86_400,
    tracks,
  };
  const sealed = await seal(clear, tracks, [host, guest], size);
  const made = {
    id: hex(id),
    room: ROOM,
    host,
    guest,
    clear,
    manifest,
    consents: messages.map((message) => JSON.stringify({ at: BEGUN - 1000, message })),
    keys,
    ...writeCapture(id, tracks, sealed),
  };
  return { ...made, files: () => filesOf(made) };
}

export async function capsule(
  { device, stay, keys }: Person,
  proposal: Bytes,
  { recipients }: Pick<Proposal, "recipients">,
  at: number,
): Promise<string> {
  const sealed = await sealCapsule({ from: stay, proposal }, keys[at]!.key, recipients);
  return (await write(sealed!, device.sign)).text;
}

/** Blocks in clusters that begin where the recorder lets them begin (recorder/src/capture.rs). */
export function writeCapture(id: Bytes, tracks: WrittenTrack[], frames: ClearFrame[]) {
  const { header, segment } = writeHeader(id, tracks);
  const parts: Bytes[] = [header];
  const clusters: Cue[] = [];
  let length = header.length;
  let hasPicture = false;
  const add = (part: Bytes) => {
    parts.push(part);
    length += part.length;
  };
  for (const { track, ms, isKey, frame } of frames) {
    const isSound = tracks[track - 1]!.codec === "opus";
    const age = ms - (clusters.at(-1)?.ms ?? -Infinity);
    if ((!isSound && isKey && age >= 500) || (isSound && !hasPicture && age >= 5000) || age >= 30_000) {
      clusters.push({ ms, offset: length });
      hasPicture = false;
      add(writeCluster(ms));
    }
    hasPicture ||= !isSound;
    add(writeBlock(clusters.at(-1)!.ms, track, ms, isKey, frame));
  }
  const cuesAt = length;
  add(writeCues(clusters, segment));
  return { capture: concat(...parts), clusters, segment, cuesAt };
}

/** Sound each 20 ms, a picture each 100 ms, a key frame of each picture every 2 s. */
export function fakeFrames(seconds: number): ClearFrame[] {
  const frames: ClearFrame[] = [];
  for (let ms = 0; ms < seconds * 1000; ms += 20)
    for (const person of [0, 1]) {
      const isPicture = ms % 100 === 0;
      const isKey = ms % 2000 === person * 1000;
      if (isPicture && (person === 0 || ms >= 1000))
        frames.push({ track: person * 2 + 2, ms, isKey, frame: fakePicture(isKey, ms) });
      frames.push({ track: person * 2 + 1, ms, isKey: true, frame: fakeSound(ms) });
    }
  return frames;
}

async function person(
  name: string,
  sender: number,
  times: [fromMs: number, kid: number][],
  root?: Awaited<ReturnType<typeof rootOf>>,
): Promise<Person> {
  const { device } = await newDevice();
  const at = BEGUN / 1000;
  const certified = { deviceId: device.id, name, notBefore: at - 1000, notAfter: at + 1000 };
  const hello: Hello = {
    type: "hello",
    room: ROOM,
    signingKey: device.signingKey,
    agreementKey: device.agreementKey,
    ephemeralKey: (await newAgreementPair()).publicKey,
    sender,
    capabilities: 0,
    name,
    certificate: root ? await certify(root, certified) : new Uint8Array(0),
  };
  const written = await write(hello, device.sign);
  const keys: Person["keys"] = [];
  for (const [fromMs, kid] of times) keys.push({ fromMs, key: await keyAfter(keys.at(-1)?.key, kid) });
  return { device, stay: await helloHash(written.body), hello: written.text, sender, keys };
}

async function keyAfter(former: BaseKey | undefined, kid: number): Promise<BaseKey> {
  if (!former || Math.floor(former.kid / 256) !== Math.floor(kid / 256))
    return { kid, baseKey: randomBytes(32) };
  let { baseKey } = former;
  for (let step = former.kid; step < kid; step += 1) baseKey = await nextStep(baseKey);
  return { kid, baseKey };
}

async function seal(
  clear: ClearFrame[],
  tracks: WrittenTrack[],
  people: Person[],
  size: { width: number; height: number },
): Promise<ClearFrame[]> {
  const outgoing = people.map(() => new Outgoing());
  const sealed: ClearFrame[] = [];
  const used = people.map(() => -1);
  for (const one of clear) {
    const who = Math.floor((one.track - 1) / 2);
    const { keys } = people[who]!;
    const at = keys.findLastIndex(({ fromMs }) => fromMs <= one.ms);
    if (used[who] !== at) await outgoing[who]!.setKey(keys[(used[who] = at)]!.key);
    const trailer = { captureMicros: (BEGUN + one.ms) * 1000, ...size };
    const frame = await outgoing[who]!.seal(tracks[one.track - 1]!.codec, one.frame, trailer);
    sealed.push({ ...one, frame: frame! });
  }
  return sealed;
}

function fakePicture(isKey: boolean, ms: number): Bytes {
  // RFC 6386 §9.1: the tag, and of a key frame the start code and 640 × 360
  const head = isKey ? [0x10, 2, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1] : [0x11, 2, 0];
  return concat(Uint8Array.from(head), utf8(`picture ${ms}`), new Uint8Array(ms % 700));
}

/** RFC 6716 §3.1: 20 ms of CELT, stereo. */
function fakeSound(ms: number): Bytes {
  return concat(Uint8Array.of(0xfc), utf8(`sound ${ms}`));
}

function filesOf({
  manifest,
  consents,
  keys,
  capture,
  clusters,
}: Omit<Made, "files">): Record<string, Bytes> {
  return {
    "manifest.json": utf8(JSON.stringify(manifest, null, 2)),
    "consent.jsonl": utf8(consents.map((line) => `${line}\n`).join("")),
    "keys.jsonl": utf8(keys.map((line) => `${line}\n`).join("")),
    "journal.log": writeJournal([{ number: 0, length: capture.length, clusters }]),
    "capture-000.mkv": capture,
  };
}

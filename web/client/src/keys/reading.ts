// What each message does to a stay (SK-1.md, sections 6, 8 and 9).
//
// Owns: who is entitled to say what. Never does: change anything for a message that is not right, or of one person for a
// message of another; a host's statements excepted.

import { openFrom } from "./hpke.ts";
import { equal, isLess, u32, type Bytes } from "./encoding.ts";
import { keyInfo, type Core } from "./core.ts";
import { Answering, Knocking } from "./handshake.ts";
import { checkHello } from "./hello.ts";
import { hearAgain, miss, receive, tell } from "./hosting.ts";
import {
  isSignedBy,
  parse,
  type Beat,
  type Hello,
  type Key,
  type Message,
  type Parsed,
  type Statement,
  type Written,
} from "./messages.ts";
import { Peer } from "./peers.ts";
import { readConsent, readProposal } from "./recording.ts";
import { generationOf } from "./senderkeys.ts";

/** Beyond a socket that comes back (5 s), and a resumed session (30 s): a member who is silent so long is away. */
export const SILENT_MS = 30_000;

/** A knock, or an answer, is said again after this, until the other side goes on. */
export const REPEAT_HANDSHAKE_MS = 3000;

export async function read(core: Core, from: number, text: string, now: number): Promise<void> {
  const parsed = parse(text);
  if (!parsed) return core.warnOnce("malformed");
  if (isOf(parsed, "hello")) return readHello(core, from, parsed, now);
  const { message } = parsed;
  if ("to" in message && !equal(message.to, core.own.hash)) return core.fault("unknown_stay");
  const peer = core.peers.of((message as Exclude<Message, Hello>).from);
  if (!peer || peer.saidBye) return readStranger(core, from, parsed, now);
  if (!(await isSignedBy(parsed, peer.hello.hello.signingKey))) return core.fault("bad_signature");
  peer.participant = from;
  await readOf(core, peer, parsed, now);
}

async function readOf(core: Core, peer: Peer, parsed: Parsed, now: number): Promise<void> {
  if (isOf(parsed, "knock")) {
    const links = peer.role === "guest" ? core.identity.links : [];
    return goOn(core, peer, (await peer.answering?.handleKnock(parsed, links)) ?? "not_entitled", now);
  }
  if (isOf(parsed, "answer")) {
    const wasThrough = peer.isPresent;
    await goOn(core, peer, (await peer.knocking?.handleAnswer(parsed)) ?? "not_entitled", now);
    if (!wasThrough && peer.isPresent) await meet(core, peer, now);
  } else if (isOf(parsed, "open")) {
    const wasThrough = peer.isPresent;
    const fault = peer.answering ? await peer.answering.handleOpen(parsed) : "not_entitled";
    if (fault) return fault === "contradiction" ? core.warn(fault, peer.stay) : core.fault(fault);
    if (!wasThrough) await meet(core, peer, now);
  } else if (isOf(parsed, "statement")) {
    readStatement(core, peer, parsed.message);
  } else if (isOf(parsed, "key")) {
    if (peer.isMember) return readKey(core, peer, parsed.message, now);
    peer.heldKey = parsed;
  } else if (isOf(parsed, "beat")) {
    await readBeat(core, peer, parsed.message, now);
  } else if (isOf(parsed, "proposal")) {
    await readProposal(core, peer, parsed, now);
  } else if (isOf(parsed, "consent")) {
    readConsent(core, peer, parsed.message, now);
  } else if (isOf(parsed, "bye")) {
    peer.saidBye = true;
    if (core.role === "host") await miss(core, peer, now);
    core.changed();
  }
}

async function readHello(core: Core, from: number, parsed: Parsed<Hello>, now: number): Promise<void> {
  if (equal(parsed.message.ephemeralKey, core.own.hello.ephemeralKey)) return core.fault("own_reflection");
  const checked = await checkHello(parsed, core.identity.room, core.unixSeconds(now));
  if (checked === "expired_certificate") return core.warn(checked);
  if (typeof checked === "string") return core.fault(checked);
  const known = core.peers.get(checked.stay);
  if (known) return answerAgain(core, known, from, now);
  if (checked.certificate && core.rootHash && !equal(checked.certificate.rootHash, core.rootHash)) {
    return core.warn("other_clinic");
  }
  const peer = new Peer(checked, from);
  if (!core.peers.add(peer)) return core.fault("too_much");
  core.sayHello(from);
  peer.said("hello", now);
  await begin(core, peer, now);
  core.changed();
}

/** It says hello still: the one that answered it was lost. */
function answerAgain(core: Core, peer: Peer, from: number, now: number): void {
  if (core.role === "host" && !peer.isPresent && peer.mayRepeat("hello", now)) core.sayHello(from);
}

/** Between a guest and each host, and between any two hosts, where the lesser hello hash takes the guest's part. */
async function begin(core: Core, peer: Peer, now: number): Promise<void> {
  const hosts = [core.role, peer.role].filter((role) => role === "host").length;
  if (hosts === 0) return;
  const knocks = hosts === 2 ? isLess(core.own.hash, peer.hello.hash) : core.role === "guest";
  const sides = { own: core.own, other: peer.hello, key: core.identity.sign };
  if (!knocks) {
    peer.answering = new Answering(sides);
    return;
  }
  peer.knocking = new Knocking(sides);
  core.sayText(peer.participant, (await peer.knocking.knock(core.identity.link)).text);
  peer.repeatAt = now + REPEAT_HANDSHAKE_MS;
}

function goOn(core: Core, peer: Peer, next: Written | string, now: number): void {
  if (typeof next !== "string") {
    core.sayText(peer.participant, next.text);
    peer.repeatAt = peer.answering ? now + REPEAT_HANDSHAKE_MS : Infinity;
    return;
  }
  if (next === "contradiction" || next === "bad_link_mac") core.warn(next, peer.stay);
  else core.fault(next as "not_entitled" | "unknown_stay");
}

/** The handshake is through: it is there now. */
async function meet(core: Core, peer: Peer, now: number): Promise<void> {
  peer.repeatAt = Infinity;
  peer.hasLeft = false;
  if (peer.hello.certificate) takeRoot(core, peer.hello.certificate.rootHash);
  core.recognise(peer);
  core.changed();
  if (core.role === "host") await receive(core, peer, now);
}

/**
 * Without a link several clinics may have said hello. The first one whose host is there is the one of this stay, and
 * hosts of others are nobody: else a host that is known would vouch for one that was put beside it.
 */
function takeRoot(core: Core, rootHash: Bytes): void {
  if (core.rootHash) return;
  core.rootHash = rootHash;
  for (const { stay, hello } of core.peers.all()) {
    if (!hello.certificate || equal(hello.certificate.rootHash, rootHash)) continue;
    core.peers.remove(stay);
    core.warn("other_clinic");
  }
}

function readStatement(core: Core, peer: Peer, { entries }: Statement): void {
  if (peer.role !== "host" || !peer.isPresent) return core.fault("not_entitled");
  if (core.map.merge(entries)) core.isMapNew = true;
}

export async function readKey(
  core: Core,
  peer: Peer,
  { from, to, kid, enc, ct }: Key,
  now: number,
): Promise<void> {
  const opened = await openFrom(core.identity.ephemeral, { enc, ct }, keyInfo(from, to), u32(kid));
  const install = opened && (await peer.keyring.handleKey({ kid, baseKey: opened }, now));
  if (!install) return core.warn("key_contradiction", peer.stay);
  for (const key of install) core.outputs.push({ type: "receive_key", ...key });
  if (install.length > 0) core.isBeatDue = true;
}

async function readBeat(core: Core, peer: Peer, beat: Beat, now: number): Promise<void> {
  if (beat.counter <= peer.beatCounter) return;
  peer.beatCounter = beat.counter;
  const ours = beat.heard.find(({ stay }) => equal(stay, core.own.hash.slice(0, 8)));
  const sent = ours && core.beats.sentAt(ours.counter);
  // heard of late: what was recorded earlier brings nobody back
  const isFresh = sent !== undefined && now - sent < SILENT_MS;
  // before it is a member again: else it would be one without keys until its next beat
  if (isFresh) peer.hasLeft = false;
  if (core.role === "host" && isFresh) await hearAgain(core, peer, now);
  if (!peer.isMember) {
    // it has not heard that it is none
    if (core.role === "host" && peer.mayRepeat("statement", now)) await tell(core, peer, now);
    return;
  }
  peer.hasBeaten = true;
  const agrees = equal(beat.membership, core.membershipHash);
  if (sent !== undefined) core.beats.handle(peer.stay, sent, agrees);
  peer.hasOfUs = ours?.kid ?? 0;
  for (const key of await peer.keyring.handleInUse(beat.kid, now))
    core.outputs.push({ type: "receive_key", ...key });
  await makeGood(core, peer, { isListed: ours !== undefined, agrees }, now);
}

/** What somebody lacks by what they say is sent again, each at most once a second. */
async function makeGood(core: Core, peer: Peer, { isListed, agrees }: Told, now: number): Promise<void> {
  if (!isListed && peer.mayRepeat("hello", now)) core.sayHello(peer.participant);
  const lacks = peer.hasOfUs === 0 || generationOf(peer.hasOfUs) !== generationOf(core.keys.latest.kid);
  if (lacks && core.keys.recipients.has(peer.stay) && peer.mayRepeat("key", now)) await core.sayKey(peer);
  if (core.role === "host" && !agrees && peer.mayRepeat("statement", now)) await tell(core, peer, now);
}

interface Told {
  isListed: boolean;
  agrees: boolean;
}

/** Of somebody whose hello was lost, though a host let them in: ours goes to them, and theirs comes back. */
function readStranger(core: Core, from: number, { message }: Parsed, now: number): void {
  core.fault("unknown_stay");
  const isLetIn =
    message.type === "beat" && core.map.admitted().some(({ hello }) => equal(hello, message.from));
  if (!isLetIn || now < core.strangerAt) return;
  core.strangerAt = now + 1000;
  core.sayHello(from);
}

function isOf<T extends Message["type"]>(
  parsed: Parsed,
  type: T,
): parsed is Parsed<Extract<Message, { type: T }>> {
  return parsed.message.type === type;
}

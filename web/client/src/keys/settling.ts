// What follows when something has changed, or time has passed (SK-1.md, sections 8 and 9).
//
// Owns: who is a member, who gets keys, beats, and what silence means. Never does: read a message.

import type { Core } from "./core.ts";
import { miss, missUnheard, tell } from "./hosting.ts";
import { VERDICTS, write } from "./messages.ts";
import type { Peer } from "./peers.ts";
import { readKey, REPEAT_HANDSHAKE_MS, SILENT_MS } from "./reading.ts";
import {
  readHeldProposals,
  repeatRecording,
  sayCapsule,
  settleRecording,
  tellRecording,
} from "./recording.ts";
import { generationOf, type Handing } from "./senderkeys.ts";

/** After every message, decision and tick. */
export async function settle(core: Core, now: number): Promise<void> {
  if (core.isMapNew) await takeMap(core);
  checkOwnStanding(core);
  // first who goes: a reload may come with the sender index of the stay before it
  for (const peer of core.peers.members()) if (!belongs(core, peer)) dismiss(core, peer);
  for (const peer of core.peers.all())
    if (!peer.isMember && belongs(core, peer)) await welcome(core, peer, now);
  await handKeys(core, now);
  watchHosts(core);
  if (mustBeat(core, now)) await beat(core, now);
}

/** Ten times a second. */
export async function handleTime(core: Core, now: number): Promise<void> {
  await repeat(core, now);
  repeatRecording(core, now);
  for (const peer of core.peers.all()) forgetOldKeys(core, peer, now);
  for (const peer of core.peers.members()) await judge(core, peer, now);
  if (core.role === "host") await missUnheard(core, SILENT_MS, now);
}

/** Sending stopped: no host has confirmed for too long that it sees the same people. */
export function isHeld(core: Core, now: number): boolean {
  return core.role === "guest" && core.isAdmitted && now - core.hostConfirmedAt >= HELD_MS;
}

async function takeMap(core: Core): Promise<void> {
  core.isMapNew = false;
  core.membershipHash = await core.map.hash(core.identity.room);
  core.isBeatDue = true;
  if (core.role === "host") core.outputs.push({ type: "keep", entries: core.map.all() });
  core.changed();
}

function checkOwnStanding(core: Core): void {
  // the others know of this stay by a host's statement, and its keys by its hello
  if (core.isAdmitted && !core.isIntroduced) core.sayHello("members");
  core.isIntroduced = core.isAdmitted;
  if (core.isAdmitted) core.wasAdmitted = true;
  // only a stay that was in can be pushed out: one that comes back meets the entry of the stay before it
  else if (core.wasAdmitted && core.ownEntry?.verdict === VERDICTS.admitted) core.final ??= "replaced";
}

function belongs(core: Core, peer: Peer): boolean {
  return core.isAdmitted && core.isNamed(peer.hello, VERDICTS.admitted);
}

function dismiss(core: Core, peer: Peer): void {
  peer.isMember = false;
  peer.isUnconfirmed = false;
  peer.forgetKeys();
  core.beats.forget(peer.stay);
  core.outputs.push({ type: "forget_sender", sender: peer.hello.hello.sender });
  core.changed();
}

async function welcome(core: Core, peer: Peer, now: number): Promise<void> {
  peer.isMember = true;
  peer.hasBeaten = false;
  core.beats.welcome(peer.stay, now);
  if (peer.role === "host") core.hostConfirmedAt = Math.max(core.hostConfirmedAt, now);
  if (peer.mayRepeat("hello", now)) core.sayHello(peer.participant);
  if (!peer.isPresent) core.recognise(peer);
  // a changed device stays that until the words were compared, also in the next call
  else if (peer.familiarity !== "changed") core.remember(peer, false);
  core.changed();
  tellRecording(core, peer);
  const held = peer.heldKey;
  peer.heldKey = undefined;
  if (held) await readKey(core, peer, held.message, now);
  await readHeldProposals(core, now);
}

async function handKeys(core: Core, now: number): Promise<void> {
  const receivers = core.peers.members().filter((peer) => receives(core, peer, now));
  const recipients = new Set(receivers.map(({ stay }) => stay));
  const before = core.keys.current.kid;
  const renews = settleRecording(core, recipients);
  const handing = await core.keys.handleRecipients(recipients, now, renews);
  if (handing) await hand(core, handing, now);
  core.keys.handleTime(now, (stay) => {
    const has = core.peers.get(stay)?.hasOfUs ?? 0;
    return has !== 0 && generationOf(has) === generationOf(core.keys.latest.kid);
  });
  if (core.keys.isUsedUp && !core.final) core.fail("generations_used_up");
  if (core.keys.current.kid !== before || (core.isAdmitted && !core.hasSendKey)) useKey(core);
}

/** Also for a generation that the user wants: see `Agreement.handleRenew`. */
export async function hand(core: Core, { key, to }: Handing, now: number): Promise<void> {
  await sayCapsule(core, key);
  for (const stay of to) {
    const peer = core.peers.get(stay);
    if (!peer) continue;
    peer.said("key", now);
    await core.sayKey(peer);
  }
}

function useKey(core: Core): void {
  core.hasSendKey = true;
  core.outputs.push({ type: "send_key", ...core.keys.current });
  core.isBeatDue = true;
}

function receives(core: Core, peer: Peer, now: number): boolean {
  const ages = core.beats.of(peer.stay);
  return ages !== undefined && now - ages.fresh < SILENT_MS && !peer.saidBye && !peer.hasLeft;
}

function watchHosts(core: Core): void {
  for (const peer of core.peers.members()) {
    const ages = core.beats.of(peer.stay);
    if (peer.role === "host" && ages) core.hostConfirmedAt = Math.max(core.hostConfirmedAt, ages.confirmed);
  }
}

function mustBeat(core: Core, now: number): boolean {
  const isAway = core.ownEntry?.verdict === VERDICTS.away && core.isNamed(core.own, VERDICTS.away);
  if (core.final || (!core.isAdmitted && !isAway)) return false;
  const since = now - core.beatAt;
  return since >= BEAT_MS || (core.isBeatDue && since >= BEAT_APART_MS);
}

async function beat(core: Core, now: number): Promise<void> {
  core.beatAt = now;
  core.isBeatDue = false;
  const heardOf = core.peers.all().filter(({ isMember, beatCounter }) => isMember || beatCounter > 0);
  const heard = heardOf.slice(-MOST_OTHERS).map(({ hello, beatCounter, keyring }) => ({
    stay: hello.hash.slice(0, 8),
    counter: beatCounter,
    kid: keyring.received,
  }));
  const written = await write(
    {
      type: "beat",
      from: core.own.hash,
      counter: core.beats.next(now),
      membership: core.membershipHash,
      kid: core.keys.current.kid,
      heard,
    },
    core.identity.sign,
  );
  core.sayText("members", written.text);
  if (core.role === "host") toThoseAway(core, written.text);
}

/** They are no members, and come back by what they hear. */
function toThoseAway(core: Core, text: string): void {
  const away = core.peers
    .all()
    .filter(({ hello, saidBye }) => !saidBye && core.isNamed(hello, VERDICTS.away));
  for (const { participant } of away) core.sayText(participant, text);
}

async function repeat(core: Core, now: number): Promise<void> {
  if (core.role === "guest" && core.standing === "alone" && now - core.helloAt >= REPEAT_HELLO_MS) {
    core.helloAt = now;
    core.sayHello("everyone");
  }
  for (const peer of core.peers.all()) {
    if (now < peer.repeatAt) continue;
    const again = peer.knocking ? await peer.knocking.knock(core.identity.link) : peer.answering?.unopened;
    peer.repeatAt = again && !peer.isPresent ? now + REPEAT_HANDSHAKE_MS : Infinity;
    if (again && !peer.isPresent) core.sayText(peer.participant, again.text);
  }
}

function forgetOldKeys(core: Core, peer: Peer, now: number): void {
  for (const kid of peer.keyring.handleTime(now)) core.outputs.push({ type: "forget_key", kid });
}

async function judge(core: Core, peer: Peer, now: number): Promise<void> {
  const ages = core.beats.of(peer.stay);
  if (!ages) return;
  const isUnconfirmed = now - ages.confirmed >= UNCONFIRMED_MS;
  if (isUnconfirmed !== peer.isUnconfirmed) {
    peer.isUnconfirmed = isUnconfirmed;
    if (isUnconfirmed) core.warn("unconfirmed", peer.stay);
    core.changed();
  }
  if (core.role !== "host") return;
  // it may not have heard that it was let in
  if (!peer.hasBeaten && peer.mayRepeat("statement", now)) await tell(core, peer, now);
  if (now - ages.fresh >= SILENT_MS) await miss(core, peer, now);
}

/** One lost one still confirms within 12 s, whatever their phases are. */
const BEAT_MS = 4000;
const BEAT_APART_MS = 100;
const MOST_OTHERS = 32;
const REPEAT_HELLO_MS = 5000;
const UNCONFIRMED_MS = 15_000;
const HELD_MS = 30_000;

// What only a host's client does: let in, keep out, and say so (SK-1.md, section 8).
//
// Owns: a host's five reasons to change the map. Never does: let anybody in without its user, but for whom it let in
// before.

import type { Core } from "./core.ts";
import { equal, hex, type Bytes } from "./encoding.ts";
import { VERDICTS, type Entry, type Verdict } from "./messages.ts";
import type { Peer } from "./peers.ts";

/** At the start: the host itself. */
export async function enter(core: Core, now: number): Promise<void> {
  const { deviceId, hash, hello } = core.own;
  freeIndex(core, hello.sender, now);
  core.map.decide({ deviceId, hash, sender: hello.sender }, VERDICTS.admitted, core.unixSeconds(now));
  core.isMapNew = true;
  await core.sayStatement("members", core.map.all());
}

/** The user's decision, or the one it comes to by itself. Only for who is there. */
export async function decide(core: Core, peer: Peer, verdict: Verdict, now: number): Promise<void> {
  if (core.role !== "host" || (!peer.isPresent && !peer.isMember)) return;
  const { deviceId, hash, hello } = peer.hello;
  if (verdict === VERDICTS.admitted) freeIndex(core, hello.sender, now);
  const refused = core.map.decide({ deviceId, hash, sender: hello.sender }, verdict, core.unixSeconds(now));
  if (refused) return core.warn(refused, peer.stay);
  core.isMapNew = true;
  await tell(core, peer, now);
  await core.sayStatement("members", core.map.all());
}

/** After a restart the server begins its indices anew: whoever held this one and is not here is away. */
function freeIndex(core: Core, sender: number, now: number): void {
  const isHere = (hello: Bytes) => {
    const peer = core.peers.of(hello);
    return peer !== undefined && !peer.hasLeft && !peer.saidBye;
  };
  for (const entry of core.map.admitted()) {
    if (entry.sender !== sender || isHere(entry.hello)) continue;
    const named = { deviceId: entry.deviceId, hash: entry.hello, sender };
    core.map.decide(named, VERDICTS.away, core.unixSeconds(now));
  }
}

/** What the map says of it, to itself. */
export async function tell(core: Core, peer: Peer, now: number): Promise<void> {
  const entry = core.map.of(peer.hello.deviceId);
  if (!entry) return;
  peer.said("statement", now);
  const isMember = core.isNamed(peer.hello, VERDICTS.admitted);
  await core.sayStatement(peer.participant, isMember ? core.map.all() : [entry]);
}

/** A handshake is through. */
export async function receive(core: Core, peer: Peer, now: number): Promise<void> {
  const entry = core.map.of(peer.hello.deviceId);
  const isKnown = entry !== undefined && equal(entry.hello, peer.hello.hash);
  const isOurs = peer.role === "host" && !(isKnown && entry.verdict === VERDICTS.admitted);
  // a reload: no question is asked again
  const comesBack = entry?.verdict === VERDICTS.admitted || entry?.verdict === VERDICTS.away;
  if (isOurs || (comesBack && !isKnown)) return decide(core, peer, VERDICTS.admitted, now);
  return tell(core, peer, now);
}

/** A member is not heard any more, says goodbye, or left according to the server. */
export async function miss(core: Core, peer: Peer, now: number): Promise<void> {
  if (core.isNamed(peer.hello, VERDICTS.admitted)) await decide(core, peer, VERDICTS.away, now);
}

/** Admitted before this host came, and never heard since: silent as a member is who is known. */
export async function missUnheard(core: Core, silentMs: number, now: number): Promise<void> {
  const unheard = core.map
    .admitted()
    .filter(({ hello }) => !equal(hello, core.own.hash) && !core.peers.of(hello));
  const since = ({ hello }: Entry) => core.unheardSince.get(hex(hello)) ?? now;
  core.unheardSince = new Map(unheard.map((entry) => [hex(entry.hello), since(entry)]));
  const gone = unheard.filter((entry) => now - since(entry) >= silentMs);
  if (gone.length === 0) return;
  for (const { deviceId, hello, sender } of gone)
    core.map.decide({ deviceId, hash: hello, sender }, VERDICTS.away, core.unixSeconds(now));
  core.isMapNew = true;
  await core.sayStatement("members", core.map.all());
}

/** Somebody who was away is heard again. */
export async function hearAgain(core: Core, peer: Peer, now: number): Promise<void> {
  if (core.isNamed(peer.hello, VERDICTS.away)) await decide(core, peer, VERDICTS.admitted, now);
}

// What all parts of an agreement share: who this stay is, what it knows, and what it says (SK-1.md, section 10).
//
// Owns: the state of one stay, and its mouth. Never does: decide; reading.ts, hosting.ts and settling.ts do.

import { Beats } from "./beats.ts";
import { familiarity, remembering, type Contact } from "./contacts.ts";
import { equal, hex, u32, type Bytes } from "./encoding.ts";
import type { FaultCode } from "./fault.ts";
import type { Link } from "./handshake.ts";
import { nameOf, type CheckedHello } from "./hello.ts";
import { sealTo } from "./hpke.ts";
import { Membership } from "./membership.ts";
import { VERDICTS, write, type Entry, type Message } from "./messages.ts";
import { Peers, type Peer } from "./peers.ts";
import { labelled, type KeyPair } from "./primitives.ts";
import { Recording } from "./recording.ts";
import { SenderKeys } from "./senderkeys.ts";

/** A participant's number, or one of the server's groups. */
export type To = number | "members" | "everyone";

/** What an agreement wants done. */
export type Output =
  | { type: "send"; to: To; text: string }
  /** Sealed with from now on. */
  | { type: "send_key"; kid: number; baseKey: Bytes }
  | { type: "receive_key"; kid: number; baseKey: Bytes }
  | { type: "forget_key"; kid: number }
  | { type: "forget_sender"; sender: number }
  /** Something to tell the person; `stay` is whom it is about. */
  | { type: "warning"; code: FaultCode; stay?: string }
  /** The device has met somebody. */
  | { type: "remember"; contacts: Contact[] }
  /** A host's map, for its own reload. */
  | { type: "keep"; entries: Entry[] }
  /** A key for those who may open a recording: to the server's recorder, before the key is used. */
  | { type: "capsule"; text: string }
  | { type: "changed" };

export type Standing = "alone" | "knocking" | "waiting" | "admitted" | "refused" | "replaced" | "ended";

/** Who this stay is. */
export interface Identity {
  own: CheckedHello;
  helloText: string;
  ephemeral: KeyPair;
  sign: CryptoKey;
  room: string;
  /** A guest's own. */
  link: Link | undefined;
  /** A host's, that are not taken back. */
  links: readonly Link[];
  /** Unix seconds at time 0 of `now`. */
  epoch: number;
}

export class Core {
  readonly identity: Identity;
  readonly role: "host" | "guest";
  readonly map = new Membership();
  readonly peers = new Peers();
  readonly beats = new Beats();
  readonly recording = new Recording();
  readonly keys: SenderKeys;
  readonly outputs: Output[] = [];
  readonly faults = new Map<FaultCode, number>();
  contacts: readonly Contact[];
  /** Of the clinic; a guest without a link takes that of the first host who is there. */
  rootHash: Bytes | undefined;
  membershipHash: Bytes = new Uint8Array(32);
  /** The map has changed since it was settled. */
  isMapNew = true;
  /** Something changed that others are told by a beat. */
  isBeatDue = false;
  beatAt = -Infinity;
  helloAt: number;
  /** When a stranger's beat may be answered again. */
  strangerAt = 0;
  hostConfirmedAt: number;
  /** Since when somebody is admitted whose hello has not come, by stay. */
  unheardSince = new Map<string, number>();
  wasAdmitted = false;
  /** The members have its hello. */
  isIntroduced = false;
  /** The worker was told what to seal with. */
  hasSendKey = false;
  final: "replaced" | "ended" | undefined;

  constructor(identity: Identity, contacts: readonly Contact[], rootHash: Bytes | undefined, now: number) {
    this.identity = identity;
    this.role = identity.own.certificate ? "host" : "guest";
    this.keys = new SenderKeys(identity.own.hello.sender);
    this.contacts = contacts;
    this.rootHash = rootHash;
    this.helloAt = now;
    this.hostConfirmedAt = now;
  }

  get own(): CheckedHello {
    return this.identity.own;
  }

  get ownEntry(): Entry | undefined {
    return this.map.of(this.own.deviceId);
  }

  /** This very stay is a member. */
  get isAdmitted(): boolean {
    return this.final === undefined && this.isNamed(this.own, VERDICTS.admitted);
  }

  get standing(): Standing {
    if (this.final) return this.final;
    if (this.isAdmitted) return "admitted";
    if (this.ownEntry?.verdict === VERDICTS.refused) return "refused";
    const hosts = this.peers
      .all()
      .filter(({ role, saidBye, hasLeft }) => role === "host" && !saidBye && !hasLeft);
    if (hosts.some(({ isPresent }) => isPresent)) return "waiting";
    return hosts.length > 0 ? "knocking" : "alone";
  }

  /** The map has this verdict on this stay. */
  isNamed({ deviceId, hash, hello }: CheckedHello, verdict: number): boolean {
    const entry = this.map.of(deviceId);
    return entry?.verdict === verdict && equal(entry.hello, hash) && entry.sender === hello.sender;
  }

  unixSeconds(now: number): number {
    return Math.floor(this.identity.epoch + now / 1000);
  }

  async say(to: To, message: Message): Promise<void> {
    this.sayText(to, (await write(message, this.identity.sign)).text);
  }

  sayText(to: To, text: string): void {
    this.outputs.push({ type: "send", to, text });
  }

  sayHello(to: To): void {
    this.sayText(to, this.identity.helloText);
  }

  /** The latest key, for one who may have it. */
  async sayKey(peer: Peer): Promise<void> {
    const { kid, baseKey } = this.keys.latest;
    const [from, to] = [this.own.hash, peer.hello.hash];
    const sealed = await sealTo(peer.hello.hello.ephemeralKey, keyInfo(from, to), u32(kid), baseKey);
    // a hello with a key that nothing can be sealed to is not right; see hello.ts
    if (sealed) await this.say(peer.participant, { type: "key", from, to, kid, ...sealed });
  }

  /** To a member all; whoever is none gets its own entry, and who else waits is none of its business. */
  async sayStatement(to: To, entries: Entry[]): Promise<void> {
    if (entries.length > 0) await this.say(to, { type: "statement", from: this.own.hash, entries });
  }

  changed(): void {
    if (this.outputs.at(-1)?.type !== "changed") this.outputs.push({ type: "changed" });
  }

  /** Counted for support. */
  fault(code: FaultCode): void {
    this.faults.set(code, (this.faults.get(code) ?? 0) + 1);
  }

  /** Counted, and told to the person. */
  warn(code: FaultCode, stay?: string): void {
    this.fault(code);
    this.outputs.push({ type: "warning", code, ...(stay && { stay }) });
  }

  /** Counted each time, and told the first: anybody can cause it, as often as they like. */
  warnOnce(code: FaultCode): void {
    if (this.faults.has(code)) this.fault(code);
    else this.warn(code);
  }

  /** This stay is over by a fault. */
  fail(code: FaultCode): void {
    this.final ??= "ended";
    this.warn(code);
    this.changed();
  }

  /** How a present one is shown, by whom it claims to be. */
  recognise(peer: Peer): void {
    peer.familiarity = familiarity(this.contacts, contactOf(peer), hex(peer.hello.deviceId));
  }

  /** It was met, or compared with. */
  remember(peer: Peer, compared: boolean): void {
    const deviceId = hex(peer.hello.deviceId);
    this.contacts = remembering(this.contacts, { contact: contactOf(peer), deviceId, compared });
    this.outputs.push({ type: "remember", contacts: [...this.contacts] });
  }
}

export function keyInfo(from: Bytes, to: Bytes): Bytes {
  return labelled("sender key", from, to);
}

/** Whom somebody claims to be: by the link or the root, and the name. */
function contactOf({ hello, answering }: Peer): string {
  const claim = hello.certificate ? hex(hello.certificate.rootHash) : (answering?.linkId ?? "");
  return `${claim} ${nameOf(hello)}`;
}

// The other stays that this one knows of (SK-1.md, sections 6 and 10).
//
// Owns: what is known of each, and how many there may be. Never does: decide who is a member.

import type { Familiarity } from "./contacts.ts";
import { equal, type Bytes } from "./encoding.ts";
import type { Answering, Knocking } from "./handshake.ts";
import type { CheckedHello } from "./hello.ts";
import { Keyring } from "./keyring.ts";
import type { Key, Parsed } from "./messages.ts";
import type { Consent, Proposal } from "./recording-messages.ts";

/** Things that are said again at most once a second and person. */
export type Repeated = "hello" | "key" | "statement" | "recording";

export class Peer {
  readonly hello: CheckedHello;
  /** The server's number: only an address. */
  participant: number;
  readonly role: "host" | "guest";
  knocking: Knocking | undefined;
  answering: Answering | undefined;
  /** When a knock or an answer is said again. */
  repeatAt = Infinity;
  readonly keyring: Keyring;
  /** The last one, of somebody who is no member yet. */
  heldKey: Parsed<Key> | undefined;
  /** Of a host who is no member yet, or that names somebody who is none yet. */
  heldProposal: Parsed<Proposal> | undefined;
  /** The time that their last proposal names that was in force: none of before counts. */
  proposedAt = 0;
  /** The one with their greatest counter. */
  consent: Consent | undefined;
  isMember = false;
  /** Since it became one. */
  hasBeaten = false;
  hasLeft = false;
  saidBye = false;
  /** Of their last beat. */
  beatCounter = 0;
  /** The KID of ours that it lists; 0 for none. */
  hasOfUs = 0;
  familiarity: Familiarity = "new";
  isUnconfirmed = false;
  readonly #saidAt = new Map<Repeated, number>();

  constructor(hello: CheckedHello, participant: number) {
    this.hello = hello;
    this.participant = participant;
    this.role = hello.certificate ? "host" : "guest";
    this.keyring = new Keyring(hello.hello.sender);
  }

  get stay(): string {
    return this.hello.stay;
  }

  /** The handshake with it is through: it is there now, not a recording. */
  get isPresent(): boolean {
    return (this.knocking?.isThrough ?? false) || (this.answering?.isThrough ?? false);
  }

  get words(): string[] | undefined {
    return this.knocking?.words ?? this.answering?.words;
  }

  /** Whether it may be said now; counts as said then. */
  mayRepeat(what: Repeated, now: number): boolean {
    if (now - (this.#saidAt.get(what) ?? -Infinity) < REPEAT_MS) return false;
    this.#saidAt.set(what, now);
    return true;
  }

  /** It was said for another reason. */
  said(what: Repeated, now: number): void {
    this.#saidAt.set(what, now);
  }

  /** It is no member any more: nothing of its keys stays. */
  forgetKeys(): void {
    this.keyring.forget();
    this.heldKey = undefined;
    this.hasOfUs = 0;
  }
}

export class Peers {
  /** By stay, in the order of coming. */
  readonly #peers = new Map<string, Peer>();

  all(): Peer[] {
    return [...this.#peers.values()];
  }

  members(): Peer[] {
    return this.all().filter(({ isMember }) => isMember);
  }

  get(stay: string): Peer | undefined {
    return this.#peers.get(stay);
  }

  of(hash: Bytes): Peer | undefined {
    return this.all().find(({ hello }) => equal(hello.hash, hash));
  }

  /** A new one, if there is room; whoever has not finished a handshake for longest gives way. */
  add(peer: Peer): boolean {
    const unfinished = this.all().filter(({ isPresent, isMember }) => !isPresent && !isMember);
    if (unfinished.length >= MOST_UNFINISHED) this.#peers.delete(unfinished[0]!.stay);
    if (this.#peers.size >= MOST_PEERS) {
      const gone = this.all().find(({ isMember, saidBye, hasLeft }) => !isMember && (saidBye || hasLeft));
      const dropped = gone ?? unfinished[0];
      if (!dropped) return false;
      this.#peers.delete(dropped.stay);
    }
    this.#peers.set(peer.stay, peer);
    return true;
  }

  remove(stay: string): void {
    this.#peers.delete(stay);
  }
}

const MOST_PEERS = 64;
const MOST_UNFINISHED = 32;

/** Signaling is reliable; this is for what the server loses. */
const REPEAT_MS = 1000;

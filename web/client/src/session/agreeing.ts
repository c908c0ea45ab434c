// Whose keys one stay is sealed with: the agreement, between the signaling and the sealing worker.
//
// Owns: the agreement of a stay, its clock, and what it wants done. Never does: decide who is let in; the agreement and
// its user do.

import { Agreement, type AgreementState, type Output } from "../keys/agreement.ts";
import type { FaultCode } from "../keys/fault.ts";
import type { Fragment } from "../keys/fragment.ts";
import type { Proposing } from "../keys/proposal.ts";
import type { ClientBody } from "../signaling/protocol.ts";
import type { CallIdentity } from "./identity.ts";
import type { Invitations } from "./invitations.ts";
import { Lease } from "./lease.ts";

/** What of a sealer is needed here. */
export interface Sealing {
  setSendKey(key: { kid: number; baseKey: Uint8Array }): void;
  setReceiveKey(key: { kid: number; baseKey: Uint8Array }): void;
  forgetKey(kid: number): void;
  forgetSender(sender: number): void;
  hold(held: boolean): void;
}

export interface AgreeingEvents {
  say(body: ClientBody): void;
  changed(): void;
  warning(code: FaultCode, stay: string | undefined): void;
  /** Of this sender nothing can be opened any more. */
  forgotten(sender: number): void;
}

export class Agreeing {
  readonly #sealing: Sealing;
  readonly #events: AgreeingEvents;
  readonly #identity: CallIdentity;
  readonly #invitations: Invitations | undefined;
  readonly #room: string;
  readonly #lease: Lease;
  readonly #timer: ReturnType<typeof setInterval>;
  /** What came before the agreement was there. */
  readonly #early: { from: number; message: string }[] = [];
  #agreement: Agreement | undefined;
  #isLeaving = false;
  #over = false;

  constructor(
    stay: { room: string; name: string; sender: number; identity: CallIdentity; invitations?: Invitations },
    sealing: Sealing,
    events: AgreeingEvents,
  ) {
    this.#sealing = sealing;
    this.#events = events;
    this.#lease = new Lease((body) => events.say(body));
    this.#identity = stay.identity;
    this.#invitations = stay.invitations;
    this.#room = stay.room;
    this.#timer = setInterval(() => this.#agreement?.handleTick(performance.now()), TICK_MS);
    // nothing leaves before somebody is let in
    sealing.hold(true);
    this.ready = this.#begin(stay);
  }

  /** Rejects where the browser has not the cryptography. */
  readonly ready: Promise<void>;

  /** Absent before the agreement is there. */
  get state(): AgreementState | undefined {
    return this.#agreement?.state;
  }

  handleMessage(from: number, message: string): void {
    if (this.#agreement) this.#agreement.handleMessage(from, message, performance.now());
    // what is too much is dropped, as the agreement does; what matters is said again
    else if (this.#early.length < MOST_EARLY) this.#early.push({ from, message });
  }

  handleArrival(participant: number): void {
    this.#agreement?.handleArrival(participant, performance.now());
  }

  handleLeft(participant: number): void {
    this.#agreement?.handleLeft(participant, performance.now());
  }

  admit(stay: string): void {
    this.#agreement?.handleAdmit(stay, performance.now());
  }

  refuse(stay: string): void {
    this.#agreement?.handleRefuse(stay, performance.now());
  }

  putBack(stay: string): void {
    this.#agreement?.handlePutBack(stay, performance.now());
  }

  match(stay: string): void {
    this.#agreement?.handleMatch(stay, performance.now());
  }

  /** Names this stay; absent before the agreement is there. */
  get stay(): string | undefined {
    return this.#agreement?.stay;
  }

  propose(proposing: Proposing): void {
    this.#agreement?.handlePropose(proposing, performance.now());
  }

  answer(proposal: string, yes: boolean): void {
    const known = this.state?.recording;
    if (!yes && known?.proposal === proposal) this.#lease.refuse(known.recording);
    this.#agreement?.handleAnswer(proposal, yes, performance.now());
  }

  /** The server says that this recording has ended. */
  handleEnded(recording: string): void {
    const known = this.state?.recording;
    if (known?.recording === recording && !known.over)
      this.#agreement?.handleEnded(recording, performance.now());
  }

  /** A host's links have changed. */
  async handleLinks(): Promise<void> {
    const links = await this.#links();
    this.#agreement?.handleLinks(links, performance.now());
  }

  /** Says goodbye, so that the others renew their keys at once; what was said is on its way when this resolves. */
  async bye(): Promise<void> {
    this.#isLeaving = true;
    this.#lease.keep(undefined);
    this.#agreement?.handleBye(performance.now());
    await this.#agreement?.idle();
  }

  close(): void {
    this.#over = true;
    this.#lease.keep(undefined);
    clearInterval(this.#timer);
  }

  /** By which a host knows whoever comes. */
  async #links(): Promise<Fragment[]> {
    const { link } = this.#identity;
    return [...(link ? [link] : []), ...((await this.#invitations?.fragments()) ?? [])];
  }

  async #begin(stay: { room: string; name: string; sender: number }): Promise<void> {
    const { device, certificate, link, store, contacts } = this.#identity;
    const kept = certificate ? await store.map(stay.room, Date.now()) : [];
    const agreement = await Agreement.join({
      ...stay,
      device,
      contacts,
      kept,
      now: performance.now(),
      unixNow: Date.now(),
      wake: () => this.#work(),
      ...(certificate ? { certificate, knownLinks: await this.#links() } : link && { link }),
    });
    if (this.#over) return;
    this.#agreement = agreement;
    for (const { from, message } of this.#early.splice(0)) this.handleMessage(from, message);
    this.#work();
  }

  #work(): void {
    if (!this.#agreement || this.#over) return;
    for (let output = this.#agreement.poll(); output; output = this.#agreement.poll()) this.#do(output);
    const { standing, isHeld, recording } = this.#agreement.state;
    this.#sealing.hold(standing !== "admitted" || isHeld);
    const agrees = recording?.answer === "yes" && !recording.over && standing === "admitted";
    if (!this.#isLeaving) this.#lease.keep(agrees ? recording.recording : undefined);
  }

  #do(output: Output): void {
    switch (output.type) {
      case "send": {
        const to = typeof output.to === "number" ? { participant: output.to } : output.to;
        return this.#events.say({ type: "keys", to, message: output.text });
      }
      case "send_key":
        return this.#sealing.setSendKey(output);
      case "receive_key":
        return this.#sealing.setReceiveKey(output);
      case "forget_key":
        return this.#sealing.forgetKey(output.kid);
      case "forget_sender":
        this.#sealing.forgetSender(output.sender);
        return this.#events.forgotten(output.sender);
      case "warning":
        return this.#events.warning(output.code, output.stay);
      case "remember":
        this.#identity.contacts = output.contacts;
        return kept(this.#identity.store.keepContacts(output.contacts));
      case "keep":
        return kept(this.#identity.store.keepMap(this.#room, output.entries, Date.now()));
      case "capsule":
        return this.#events.say({ type: "capsule", message: output.text });
      case "changed":
        // the end that one's own goodbye makes is no news: the connection stays until it is said
        return this.#isLeaving ? undefined : this.#events.changed();
    }
  }
}

/** A browser that refuses later what it allowed at first: the call goes on, and the next one asks more. */
function kept(writing: Promise<void>): void {
  writing.catch(() => undefined);
}

/** An agreement is made in a few ms; a room of sixteen says less than this in that time. */
const MOST_EARLY = 512;

/** Often enough that a key is used 0.3 s after it was sent. */
const TICK_MS = 100;

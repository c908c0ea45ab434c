// One stay in the room: a session of signaling with the connection that belongs to it.
//
// Owns: both, the agreement of keys, and what is known through them. Never does: come back; each stay is new, with new
// keys.

import type { CallStatistics, Owner } from "../media/statistics.ts";
import type { ClientBody, Joining, ServerBody, Slot, Snapshot } from "../signaling/protocol.ts";
import type { FaultEvent } from "../sealing/index.ts";
import { CallSocket, type Closing, type Joined } from "../signaling/socket.ts";
import { onWake } from "../signaling/wake.ts";
import type { FaultCode } from "../keys/fault.ts";
import type { AgreementState, Person as Known } from "../keys/agreement.ts";
import { Agreeing } from "./agreeing.ts";
import { Bonds } from "./bonds.ts";
import { Gauge } from "./gauge.ts";
import { Health } from "./health.ts";
import type { CallIdentity } from "./identity.ts";
import type { Invitations } from "./invitations.ts";
import { Negotiation } from "./negotiation.ts";
import { mediaState, type Own } from "./own.ts";
import { Publisher } from "./publish.ts";
import { memberOf, rosterOf, senders, updated, type Roster } from "./roster.ts";
import { Seals } from "./seals.ts";
import { PAIRS_A_STEP, pairsWanted, Slots } from "./slots.ts";
import { Stage, type Shown } from "./stage.ts";
import { Transport } from "./transport.ts";
import type { EndCode, Line, SealState } from "./types.ts";

export interface Admission {
  origin: string;
  token: string;
  room: string;
  identity: CallIdentity;
  /** Of a host. */
  invitations?: Invitations;
  name: string;
  /** Pictures are offered by AV1 first. */
  av1: boolean;
}

export interface PresenceEvents {
  /** Something that can be seen is different. */
  changed(): void;
  line(line: Line): void;
  /** Something that the person has to be told. */
  warning(code: FaultCode, stay: string | undefined): void;
  /** Nothing follows. */
  over(closing: Closing): void;
}

export class Presence {
  readonly #admission: Admission;
  readonly #own: Readonly<Own>;
  readonly #events: PresenceEvents;
  readonly #slots = new Slots();
  readonly #seals = new Seals();
  readonly #stage = new Stage();
  readonly #stopWaking = onWake((wake) => wake === "online" && this.#health?.networkChanged());
  readonly #transport: Transport;
  readonly #negotiation: Negotiation;
  readonly #publisher: Publisher;
  #socket: CallSocket | undefined;
  #health: Health | undefined;
  #gauge: Gauge | undefined;
  #roster: Roster | undefined;
  #bonds: Bonds | undefined;
  #agreeing: Agreeing | undefined;
  #signaling = false;
  /** Not before the first answer, not while one offer for more is under way, and never after a refusal. */
  #mayGrow = false;
  #over = false;

  /** Throws if this browser does not seal. */
  constructor(admission: Admission, own: Readonly<Own>, events: PresenceEvents) {
    this.#admission = admission;
    this.#own = own;
    this.#events = events;
    const transport = {
      connection: (state: RTCPeerConnectionState) => this.#connection(state),
      opened: (mid: string, sender: number) => this.#opened(mid, sender),
      unauthentic: (sender: number) => this.#unauthentic(sender),
      fault: ({ reason, detail }: FaultEvent) =>
        this.#end(reason === "no_codec" ? "unsupported" : "not_sealed", `${reason}: ${detail}`),
    };
    this.#transport = new Transport(transport, admission.av1);
    this.#negotiation = new Negotiation(this.#transport, (body) => this.say(body));
    try {
      this.#publisher = new Publisher(this.#transport, this.#negotiation, own);
      this.#transport.addPairs(PAIRS_A_STEP);
    } catch (error) {
      this.#transport.close();
      throw error;
    }
    this.#guard(this.#join());
  }

  /** Signed in, and media flows. */
  get live(): boolean {
    return this.#signaling && this.#health?.connected === true;
  }

  /** Absent before one is in. */
  get roster(): Roster | undefined {
    return this.#roster;
  }

  /** Of the keys; absent before there is an agreement. */
  get agreement(): AgreementState | undefined {
    return this.#agreeing?.state;
  }

  get agreeing(): Agreeing | undefined {
    return this.#agreeing;
  }

  /** Whose key has this index. */
  known(sender: number): Known | undefined {
    return this.agreement?.people.find(
      (person) => person.sender === sender && person.standing === "admitted",
    );
  }

  seal(sender: number): SealState {
    return this.#seals.state(sender);
  }

  /** What can be shown of others now. */
  shown(): Map<number, Shown> {
    const placements = this.#roster ? this.#slots.placements(this.#roster) : [];
    return this.#stage.show(placements, (mid) => this.#transport.trackAt(mid));
  }

  /** Returns the number of what was said. */
  say(body: ClientBody): number {
    return this.#socket?.send(body) ?? 0;
  }

  /** What is switched on has changed. `false`: the server takes no screen. */
  async apply(): Promise<boolean> {
    const taken = await this.#publisher.apply().catch((error: unknown) => {
      // The next stay begins with what is wished by then.
      if (this.#over) return true;
      throw error;
    });
    if (this.#roster) this.say({ type: "media", media: mediaState(this.#own) });
    return taken;
  }

  statistics(): CallStatistics | undefined {
    const figures = this.#gauge?.statistics();
    return figures && { ...figures, ignored: this.#bonds?.ignored ?? 0 };
  }

  close(): void {
    this.#over = true;
    this.#stopWaking();
    this.#negotiation.close();
    this.#health?.close();
    this.#gauge?.close();
    this.#agreeing?.close();
    this.#socket?.close();
    this.#transport.close();
  }

  async #join(): Promise<void> {
    const applied = this.#publisher.apply();
    const joining = this.#joining();
    this.#socket = new CallSocket(this.#admission.origin, joining, {
      joined: (welcome) => this.#guard(this.#joined(welcome)),
      received: (body) => this.#received(body),
      away: () => this.#signalingIs(false),
      back: () => this.#signalingIs(true),
      closed: (closing) => this.#finish(closing),
    });
    await joining;
    await applied;
  }

  async #joining(): Promise<Joining> {
    const offer = await this.#transport.offer();
    const { token, name } = this.#admission;
    const sealing = { layout: LAYOUT, suite: SUITE };
    return { token, name, sealing, media: mediaState(this.#own), offer: offer.sdp, sources: offer.sources };
  }

  async #joined({ answer, snapshot }: Joined): Promise<void> {
    this.#signaling = true;
    const sender = senderOfOwn(snapshot);
    const bonds = new Bonds({ participant: snapshot.you, sender });
    const members = snapshot.members.filter((member) => bonds.accepts(member));
    this.#bonds = bonds;
    this.#roster = rosterOf({ ...snapshot, members });
    snapshot.slots.forEach((slot) => this.#map(slot));
    this.#health = new Health({
      restart: () => void this.#guard(this.#negotiation.run(() => undefined, true)),
      lost: (never) => this.#mediaLost(never),
    });
    this.#repeatWishes();
    this.#agree(sender);
    await this.#negotiation.joined(answer);
    this.#publisher.negotiated();
    this.#mayGrow = true;
    this.#gauge = new Gauge(
      {
        report: () => this.#transport.report(),
        counts: () => this.#transport.sealer.counts(),
        owner: (mid) => this.#owner(mid),
      },
      (line) => this.#events.line(line),
    );
    this.#rosterChanged();
  }

  /** What a former stay had said, and what changed while this one began. */
  #repeatWishes(): void {
    this.say({ type: "media", media: mediaState(this.#own) });
    if (this.#own.hand) this.say({ type: "hand", raised: true });
    if (this.#own.speaking) this.say({ type: "speaking", speaking: true });
    if (this.#own.line !== "unknown") this.say({ type: "line", line: this.#own.line });
  }

  /** With the index that the server gave: it is signed, so that nobody can be put into another's place. */
  #agree(sender: number): void {
    const { room, name, identity, invitations } = this.#admission;
    const stay = { room, name, sender, identity, ...(invitations && { invitations }) };
    const agreeing = new Agreeing(stay, this.#transport.sealer, {
      say: (body) => this.say(body),
      changed: () => this.#agreementChanged(),
      warning: (code, stay) => this.#warned(code, stay),
      forgotten: (index) => this.#seals.forget(index),
    });
    this.#agreeing = agreeing;
    agreeing.ready.catch((error: unknown) => this.#end("unsupported", `the keys: ${String(error)}`));
  }

  #warned(code: FaultCode, stay: string | undefined): void {
    if (code === "crypto") return this.#end("unsupported", "the browser failed on its own keys");
    // a new stay begins with the first generation, and nobody is asked again
    if (code === "generations_used_up")
      return this.#finish({ outcome: { then: "rejoin", otherwise: "fault" }, detail: code });
    this.#events.warning(code, stay);
  }

  #agreementChanged(): void {
    if (this.#over) return;
    const standing = this.agreement?.standing;
    if (standing === "replaced") return this.#end("replaced", "the same device came in elsewhere");
    if (standing === "ended") return this.#end("fault", "the agreement of keys is over");
    this.#endRecording();
    this.#events.changed();
  }

  #received(body: ServerBody): void {
    if (!this.#roster || this.#over) return;
    if (body.type === "member" && !this.#bonds?.accepts(body.member)) return;
    const before = this.#roster;
    this.#roster = updated(before, body);
    switch (body.type) {
      case "answer":
        body.slots.forEach((slot) => this.#map(slot));
        this.#negotiation.settle(body);
        break;
      case "failed":
        this.#negotiation.settle(body);
        break;
      case "slot":
        this.#map(body.slot);
        break;
      case "member":
        if (!memberOf(before, body.member.participant))
          this.#agreeing?.handleArrival(body.member.participant);
        break;
      case "keys":
        return this.#agreeing?.handleMessage(body.from, body.message);
      case "left":
        this.#agreeing?.handleLeft(body.participant);
        break;
      case "unsealed":
        return this.#end("not_sealed", `the server saw clear frames in section ${body.mid}`);
    }
    this.#rosterChanged();
  }

  #map(slot: Slot): void {
    if (this.#slots.map(slot)) this.#transport.retellOpened(slot.mid);
  }

  #rosterChanged(): void {
    if (!this.#roster || this.#over) return;
    this.#publisher.limit(senders(this.#roster).length + 1);
    this.#grow(this.#roster);
    this.#endRecording();
    this.#events.changed();
  }

  /** Nothing more is sealed for a recording that the server has given up. */
  #endRecording(): void {
    const told = this.#roster?.recording;
    if (told?.phase === "ended") this.#agreeing?.handleEnded(told.recording);
  }

  /** Asks for more places. */
  #grow(roster: Roster): void {
    const have = this.#transport.pairs;
    const wanted = pairsWanted(roster, have);
    if (!this.#mayGrow || wanted === have) return;
    this.#mayGrow = false;
    const grown = this.#negotiation.run(() => this.#transport.addPairs(wanted - have));
    this.#guard(
      grown.then((granted) => {
        this.#mayGrow = granted;
        if (granted) this.#rosterChanged();
      }),
    );
  }

  #opened(mid: string, sender: number): void {
    this.#slots.opened(mid, sender);
    this.#seals.opened(sender);
    this.#events.changed();
  }

  #unauthentic(sender: number): void {
    const before = this.#seals.state(sender);
    if (this.#seals.rejected(sender, performance.now()) === before) return;
    this.#events.changed();
  }

  #owner(mid: string): Owner | undefined {
    const source = this.#transport.sourceAt(mid);
    if (source && this.#roster) return { person: this.#roster.you, source };
    const placed =
      this.#roster && this.#slots.placements(this.#roster).find((placement) => placement.mid === mid);
    return placed && { person: placed.participant, source: placed.source };
  }

  #connection(state: RTCPeerConnectionState): void {
    this.#health?.connection(state);
    this.#events.changed();
  }

  #signalingIs(up: boolean): void {
    this.#signaling = up;
    this.#health?.signaling(up);
    this.#events.changed();
  }

  #mediaLost(never: boolean): void {
    const detail = never ? "media never connected" : "media was lost, and no restart brought it back";
    this.#finish({ outcome: { then: "rejoin", otherwise: "media_blocked" }, detail });
  }

  #end(code: EndCode, detail: string): void {
    this.#finish({ outcome: { then: "end", code }, detail });
  }

  #finish(closing: Closing): void {
    if (this.#over) return;
    this.close();
    this.#events.over(closing);
  }

  /** What nobody waits for must not fail unheard. */
  #guard(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#end("fault", String(error)));
  }
}

function senderOfOwn({ you, members }: Snapshot): number {
  const sender = members.find((member) => member.participant === you)?.sender;
  if (sender === undefined) throw new Error("the server gave no sender index");
  return sender;
}

/** Of the frames, and of RFC 9605 §4.5: AES_256_GCM_SHA512_128. */
const LAYOUT = 2;
const SUITE = 5;

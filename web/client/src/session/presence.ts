// One stay in the room: a session of signaling with the connection that belongs to it.
//
// Owns: both, and what is known through them. Never does: come back; each stay is new, with a new salt, since the
// counter of its key begins anew too.

import { fromBase64Url, toBase64Url } from "../base64.ts";
import type { CallStatistics, Owner } from "../media/statistics.ts";
import { deriveSenderKey, senderKid } from "../sealing/index.ts";
import type { ClientBody, Member, ServerBody, Slot, Snapshot } from "../signaling/protocol.ts";
import { CallSocket, type Closing, type Joined } from "../signaling/socket.ts";
import { onWake } from "../signaling/wake.ts";
import { Bonds } from "./bonds.ts";
import { Gauge } from "./gauge.ts";
import { Health } from "./health.ts";
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
  secret: Uint8Array;
  name: string;
}

export interface PresenceEvents {
  /** Something that can be seen is different. */
  changed(): void;
  line(line: Line): void;
  /** Nothing follows. */
  over(closing: Closing): void;
}

export class Presence {
  readonly #admission: Admission;
  readonly #own: Readonly<Own>;
  readonly #events: PresenceEvents;
  readonly #salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
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
  #signaling = false;
  /** Not before the first answer, not while one offer for more is under way, and never after a refusal. */
  #mayGrow = false;
  #over = false;

  /** Throws if this browser does not seal. */
  constructor(admission: Admission, own: Readonly<Own>, events: PresenceEvents) {
    this.#admission = admission;
    this.#own = own;
    this.#events = events;
    this.#transport = new Transport({
      connection: (state) => this.#connection(state),
      opened: (mid, sender) => this.#opened(mid, sender),
      unauthentic: (sender) => this.#unauthentic(sender),
      fault: ({ reason, detail }) =>
        this.#end(reason === "no_codec" ? "unsupported" : "not_sealed", `${reason}: ${detail}`),
    });
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
    this.#socket?.close();
    this.#transport.close();
  }

  async #join(): Promise<void> {
    const applied = this.#publisher.apply();
    const offer = await this.#transport.offer();
    if (this.#over) return;
    const { origin, token, name } = this.#admission;
    const sealing = { layout: LAYOUT, suite: SUITE, salt: toBase64Url(this.#salt) };
    const media = mediaState(this.#own);
    const joining = { token, name, sealing, media, offer: offer.sdp, sources: offer.sources };
    this.#socket = new CallSocket(origin, joining, {
      joined: (welcome) => this.#guard(this.#joined(welcome)),
      received: (body) => this.#received(body),
      away: () => this.#signalingIs(false),
      back: () => this.#signalingIs(true),
      closed: (closing) => this.#finish(closing),
    });
    await applied;
  }

  async #joined({ answer, snapshot }: Joined): Promise<void> {
    this.#signaling = true;
    const sender = senderOfOwn(snapshot);
    const bonds = new Bonds({ participant: snapshot.you, sender, salt: toBase64Url(this.#salt) });
    const members = snapshot.members.filter((member) => bonds.accepts(member));
    this.#bonds = bonds;
    this.#roster = rosterOf({ ...snapshot, members });
    snapshot.slots.forEach((slot) => this.#map(slot));
    this.#health = new Health({
      restart: () => void this.#guard(this.#negotiation.run(() => undefined, true)),
      lost: (never) => this.#mediaLost(never),
    });
    this.#repeatWishes();
    await this.#sealAs(sender);
    for (const member of members) this.#guard(this.#admit(member));
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

  /** Only once, and by the own salt: a server that says otherwise later changes no key. */
  async #sealAs(sender: number): Promise<void> {
    const { secret, room } = this.#admission;
    const key = await deriveSenderKey(secret, this.#salt, room, senderKid(sender));
    if (!this.#over) this.#transport.sealer.setSendKey(key);
  }

  async #admit({ participant, key }: Member): Promise<void> {
    const salt = key && fromBase64Url(key.salt);
    if (!this.#roster || !key || salt?.length !== SALT_BYTES || participant === this.#roster.you) return;
    const { secret, room } = this.#admission;
    const derived = await deriveSenderKey(secret, salt, room, senderKid(key.sender));
    const stillHere = !this.#over && memberOf(this.#roster, participant);
    if (stillHere) this.#transport.sealer.setReceiveKey(derived);
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
        if (!memberOf(before, body.member.participant)) this.#guard(this.#admit(body.member));
        break;
      case "left":
        this.#forget(memberOf(before, body.participant));
        break;
      case "unsealed":
        return this.#end("not_sealed", `the server saw clear frames in section ${body.mid}`);
    }
    this.#rosterChanged();
  }

  #map(slot: Slot): void {
    if (this.#slots.map(slot)) this.#transport.retellOpened(slot.mid);
  }

  #forget(member: Member | undefined): void {
    if (!member?.key) return;
    this.#seals.forget(member.key.sender);
    this.#transport.sealer.forgetSender(member.key.sender);
  }

  #rosterChanged(): void {
    if (!this.#roster || this.#over) return;
    this.#publisher.limit(senders(this.#roster).length + 1);
    this.#grow(this.#roster);
    this.#events.changed();
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
    if (this.#roster && this.#seals.ownSecretIsWrong(this.#roster)) {
      return this.#end("wrong_secret", "the host's media can't be opened with this link");
    }
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
  const sender = members.find((member) => member.participant === you)?.key?.sender;
  if (sender === undefined) throw new Error("the server gave no sender index");
  return sender;
}

/** Of the frames, and of RFC 9605 §4.5: AES_256_GCM_SHA512_128. */
const LAYOUT = 1;
const SUITE = 5;
const SALT_BYTES = 16;

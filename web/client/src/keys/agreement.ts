// Whose keys a call is sealed with: SK-1 for one stay (SK-1.md).
//
// Owns: one task after the other, and what pages see. Never does: read a clock, touch a socket, draw.
//
// handle_* in, `poll` out. Web Crypto answers later, so everything that comes is worked off in order; `wake` is called
// when there is something to poll, and `idle` resolves when nothing is under way.

import type { Contact, Familiarity } from "./contacts.ts";
import { Core, type Output, type Standing } from "./core.ts";
import type { Device } from "./device.ts";
import { hex, type Bytes } from "./encoding.ts";
import type { FaultCode } from "./fault.ts";
import { linkId, linkKey, type Fragment } from "./fragment.ts";
import type { Link, LinkProof } from "./handshake.ts";
import { checkHello, nameOf, RECORDS } from "./hello.ts";
import { decide, enter, miss } from "./hosting.ts";
import { parse, VERDICTS, write, type Entry, type Hello, type Parsed, type Verdict } from "./messages.ts";
import type { Peer } from "./peers.ts";
import { newAgreementPair } from "./primitives.ts";
import type { Proposing } from "./proposal.ts";
import { read } from "./reading.ts";
import { answer, end, propose, recordingOf, type AgreedRecording } from "./recording.ts";
import { hand, handleTime, isHeld, settle } from "./settling.ts";

export type { Output, Standing } from "./core.ts";

/** How a stay begins. */
export interface JoinOptions {
  /** As the token names it. */
  room: string;
  name: string;
  device: Device;
  /** Of a host. */
  certificate?: Bytes;
  /** Given by the server; signed here. */
  sender: number;
  records?: boolean;
  /** The link that a guest came by. */
  link?: Fragment;
  /** The links that a host's device knows, and that are not revoked. */
  knownLinks?: readonly Fragment[];
  /** A host's map of this session, from before its reload. */
  kept?: readonly Entry[];
  contacts?: readonly Contact[];
  /** Of any clock that only goes forward, in ms. */
  now: number;
  /** Unix time in ms at `now`. */
  unixNow: number;
  /** There is something to poll. */
  wake?: () => void;
}

/** Somebody else, as far as is proven. */
export interface Person {
  /** Names this person to all `handle_*`. */
  stay: string;
  deviceId: string;
  /** The upper 12 bits of every KID: whose frame it is. */
  sender: number;
  /** The server's number: an address, and nothing more. */
  participant: number;
  name: string;
  role: "host" | "guest";
  records: boolean;
  standing: "waiting" | "admitted" | "refused" | "away";
  /** How a guest came, as a host sees it. */
  link: LinkProof | undefined;
  linkId: string | undefined;
  familiarity: Familiarity;
  /** Five, to compare; between a host and another one. */
  words: string[] | undefined;
  /** Not sure that everybody sees the same people. */
  isUnconfirmed: boolean;
}

export interface AgreementState {
  standing: Standing;
  /** Sending has to stop: no host confirmed for half a minute. */
  isHeld: boolean;
  /** A guest's: the link, or compared words, prove the therapist. */
  isHostAuthenticated: boolean;
  people: Person[];
  /** What was proposed last in this stay. */
  recording: AgreedRecording | undefined;
}

export class Agreement {
  readonly #core: Core;
  readonly #wake: () => void;
  #queued = 0;
  #isTickQueued = false;
  #last: Promise<void> = Promise.resolve();
  #now: number;
  #wasHeld = false;

  /** Throws a `DOMException` where the browser has not the cryptography. */
  static async join(options: JoinOptions): Promise<Agreement> {
    const agreement = new Agreement(await coreOf(options), options);
    const core = agreement.#core;
    core.sayHello("everyone");
    if (core.role === "host") {
      core.map.merge(options.kept ?? []);
      await enter(core, options.now);
    }
    await settle(core, options.now);
    return agreement;
  }

  private constructor(core: Core, { now, wake }: JoinOptions) {
    this.#core = core;
    this.#now = now;
    this.#wake = wake ?? (() => undefined);
  }

  /** Of somebody, by the server's number. What is too much is dropped. */
  handleMessage(from: number, text: string, now: number): void {
    if (this.#queued >= MOST_QUEUED) return this.#core.fault("too_much");
    this.#enqueue(now, () => read(this.#core, from, text, now));
  }

  /** The server says that somebody came: a host greets them at once, which saves them a round trip. */
  handleArrival(participant: number, now: number): void {
    if (this.#core.role === "host")
      this.#enqueue(now, () => Promise.resolve(this.#core.sayHello(participant)));
  }

  /** The server says that somebody left. It costs a generation; the next beat brings them back. */
  handleLeft(participant: number, now: number): void {
    this.#enqueue(now, async () => {
      for (const peer of this.#core.peers.all().filter((one) => one.participant === participant)) {
        peer.hasLeft = true;
        if (this.#core.role === "host") await miss(this.#core, peer, now);
        if (!peer.isMember) this.#core.changed();
      }
    });
  }

  /** Ten times a second. One waits at most, but that one does: a flood of messages must not hide what time tells. */
  handleTick(now: number): void {
    if (this.#isTickQueued) return;
    this.#isTickQueued = true;
    this.#enqueue(now, () => {
      this.#isTickQueued = false;
      return handleTime(this.#core, now);
    });
  }

  handleAdmit(stay: string, now: number): void {
    this.#decide(stay, VERDICTS.admitted, now);
  }

  handleRefuse(stay: string, now: number): void {
    this.#decide(stay, VERDICTS.refused, now);
  }

  handlePutBack(stay: string, now: number): void {
    this.#decide(stay, VERDICTS.waiting, now);
  }

  /** The person says that the words are the same. */
  handleMatch(stay: string, now: number): void {
    this.#enqueue(now, async () => {
      const peer = this.#core.peers.get(stay);
      if (!peer?.words) return;
      this.#core.remember(peer, true);
      this.#core.recognise(peer);
      this.#core.changed();
    });
  }

  /** A host's links have changed: from now on whoever knocks is known by one of these. */
  handleLinks(links: readonly Fragment[], now: number): void {
    this.#enqueue(now, async () => {
      this.#core.identity.links = await Promise.all(links.map(linkOf));
    });
  }

  /** A new generation: what was sealed before and after has different keys. */
  handleRenew(now: number): void {
    this.#enqueue(now, async () => {
      const handing = this.#core.keys.renew(now);
      if (handing) await hand(this.#core, handing, now);
    });
  }

  /** A host asks everybody whether they agree to a recording, and agrees. */
  handlePropose(proposing: Proposing, now: number): void {
    this.#enqueue(now, () => propose(this.#core, proposing, now));
  }

  /** What the person says to this proposal, as the state names it. A no ends it, also later. */
  handleAnswer(proposal: string, yes: boolean, now: number): void {
    this.#enqueue(now, () => answer(this.#core, proposal, yes, now));
  }

  /** The server says that this recording has ended. */
  handleEnded(recording: string, now: number): void {
    this.#enqueue(now, () => Promise.resolve(end(this.#core, recording)));
  }

  /** This stay is over. */
  handleBye(now: number): void {
    this.#enqueue(now, async () => {
      await this.#core.say("everyone", { type: "bye", from: this.#core.own.hash });
      this.#core.final ??= "ended";
      this.#core.changed();
    });
  }

  poll(): Output | undefined {
    return this.#core.outputs.shift();
  }

  /** When nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#queued > 0) await this.#last;
  }

  /** Names this stay. */
  get stay(): string {
    return this.#core.own.stay;
  }

  get role(): "host" | "guest" {
    return this.#core.role;
  }

  get contacts(): readonly Contact[] {
    return this.#core.contacts;
  }

  /** What was dropped, and why: for support. */
  get faults(): ReadonlyMap<FaultCode, number> {
    return this.#core.faults;
  }

  get state(): AgreementState {
    const core = this.#core;
    const people = core.peers.all().filter((peer) => isShown(core, peer));
    const hosts = core.peers.all().filter(({ role, isPresent }) => role === "host" && isPresent);
    return {
      standing: core.standing,
      isHeld: this.#wasHeld,
      isHostAuthenticated:
        hosts.length > 0 &&
        (core.identity.link !== undefined || hosts.some(({ familiarity }) => familiarity === "verified")),
      people: people.map((peer) => personOf(core, peer)),
      recording: recordingOf(core),
    };
  }

  #decide(stay: string, verdict: Verdict, now: number): void {
    this.#enqueue(now, async () => {
      const peer = this.#core.peers.get(stay);
      if (peer) await decide(this.#core, peer, verdict, now);
    });
  }

  #enqueue(now: number, task: () => Promise<void>): void {
    this.#queued += 1;
    this.#last = this.#last.then(async () => {
      try {
        await this.#work(now, task);
      } catch {
        // Web Crypto failed on our own keys: nothing that is said after this would be safe
        this.#core.fail("crypto");
      } finally {
        this.#queued -= 1;
        if (this.#core.outputs.length > 0) this.#wake();
      }
    });
  }

  async #work(now: number, task: () => Promise<void>): Promise<void> {
    const core = this.#core;
    if (core.final) return;
    const gap = now - this.#now;
    this.#now = Math.max(now, this.#now);
    if (gap > ASLEEP_MS) this.#sleep(gap);
    await task();
    await settle(core, now);
    const held = isHeld(core, now);
    if (held === this.#wasHeld) return;
    this.#wasHeld = held;
    if (held) core.warn("held");
    core.changed();
  }

  /** The lid was closed: this page can't judge the others by that time. */
  #sleep(gap: number): void {
    this.#core.beats.skip(gap);
    this.#core.hostConfirmedAt += gap;
    this.#core.unheardSince.clear();
  }
}

async function coreOf(options: JoinOptions): Promise<Core> {
  const { device, room, now, unixNow } = options;
  const ephemeral = await newAgreementPair();
  const hello: Hello = {
    type: "hello",
    room,
    signingKey: device.signingKey,
    agreementKey: device.agreementKey,
    ephemeralKey: ephemeral.publicKey,
    sender: options.sender,
    capabilities: options.records ? RECORDS : 0,
    name: options.name,
    certificate: options.certificate ?? new Uint8Array(0),
  };
  const { text } = await write(hello, device.sign);
  const parsed = parse(text);
  const checked = parsed && (await checkHello(parsed as Parsed<Hello>, room, unixNow / 1000));
  if (!checked || typeof checked === "string")
    throw new RangeError(`no hello of this device: ${checked ?? "form"}`);
  const links = await Promise.all((options.knownLinks ?? []).map(linkOf));
  const identity = {
    own: checked,
    helloText: text,
    ephemeral,
    sign: device.sign,
    room,
    link: options.link && (await linkOf(options.link)),
    links,
    epoch: (unixNow - now) / 1000,
  };
  const rootHash = checked.certificate?.rootHash ?? options.link?.rootHash;
  return new Core(identity, options.contacts ?? [], rootHash, now);
}

async function linkOf(fragment: Fragment): Promise<Link> {
  return { id: await linkId(fragment), key: await linkKey(fragment) };
}

/** Who was seen to be there, and has not gone. A stay that another one of its device has followed is gone. */
function isShown(core: Core, peer: Peer): boolean {
  if (peer.isMember) return true;
  if (!peer.isPresent || peer.saidBye || peer.hasLeft) return false;
  const entry = core.map.of(peer.hello.deviceId);
  return (
    !entry || entry.verdict !== VERDICTS.admitted || hex(entry.hello) === peer.stay || core.role === "guest"
  );
}

function personOf(core: Core, peer: Peer): Person {
  const { hello, deviceId } = peer.hello;
  return {
    stay: peer.stay,
    deviceId: hex(deviceId),
    sender: hello.sender,
    participant: peer.participant,
    name: nameOf(peer.hello),
    role: peer.role,
    records: (hello.capabilities & RECORDS) !== 0,
    standing: standingOf(core, peer),
    link: core.role === "host" && peer.role === "guest" ? peer.answering?.proof : undefined,
    linkId: peer.answering?.linkId,
    familiarity: peer.familiarity,
    words: peer.words,
    isUnconfirmed: peer.isUnconfirmed,
  };
}

function standingOf(core: Core, peer: Peer): Person["standing"] {
  const entry = core.map.of(peer.hello.deviceId);
  if (entry?.verdict === VERDICTS.refused) return "refused";
  if (core.isNamed(peer.hello, VERDICTS.admitted)) return "admitted";
  return core.isNamed(peer.hello, VERDICTS.away) ? "away" : "waiting";
}

/** More of them wait for Web Crypto than a call of sixteen ever sends at once. */
const MOST_QUEUED = 512;

/** Two ticks that are further apart: the page was asleep. */
const ASLEEP_MS = 10_000;

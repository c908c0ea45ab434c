// Several stays in virtual time, with a server between them that can be told to misbehave.
//
// Owns: who hears whom, as SK-1.md section 14 wants it of a server. Never does: more than it is told to.

import { Agreement, type JoinOptions, type Person } from "./agreement.ts";
import type { Contact } from "./contacts.ts";
import type { Output, To } from "./core.ts";
import { newDevice, type Device } from "./device.ts";
import { hex, type Bytes } from "./encoding.ts";
import type { Fragment } from "./fragment.ts";
import { parse, VERDICTS, type Entry } from "./messages.ts";
import { randomBytes } from "./primitives.ts";
import type { Capsule } from "./recording-messages.ts";
import { certify, rootOf, type Root } from "./root.ts";
import { generationOf, senderOfKid } from "./senderkeys.ts";

export const ROOM = "session-1";
const UNIX_NOW = 1_800_000_000_000;
const TICK_MS = 100;

/** Of a stay, as messages name it. */
export function hashOf(stay: string): Bytes {
  return Uint8Array.from(stay.match(/../g)!, (byte) => parseInt(byte, 16));
}

/** Something on its way. */
export interface Letter {
  from: number;
  to: number;
  text: string;
}

export class Member {
  readonly keys = new Map<number, string>();
  /** All that it ever was given, forgotten or not. */
  readonly given = new Map<string, number>();
  /** Keys that came though a greater generation of their sender had come before. */
  readonly back: number[] = [];
  readonly #greatest = new Map<number, number>();
  readonly warnings: { code: string; stay?: string }[] = [];
  contacts: readonly Contact[] = [];
  kept: readonly Entry[] = [];
  sealsWith: { kid: number; baseKey: string } | undefined;
  /** All that it ever sealed with. */
  readonly sealedWith = new Map<number, string>();
  /** Keys for those who may open a recording, in the order in which they were given out. */
  readonly capsules: Capsule[] = [];
  /** KIDs that were in use before a capsule opened their generation. */
  readonly late: number[] = [];

  constructor(
    readonly network: Network,
    readonly participant: number,
    readonly agreement: Agreement,
    readonly device: Device,
    readonly sender: number,
  ) {}

  get standing() {
    return this.agreement.state.standing;
  }

  get people(): Person[] {
    return this.agreement.state.people;
  }

  person(name: string): Person {
    const found = this.people.find((person) => person.name === name);
    if (!found)
      throw new Error(`${name} is not among ${this.people.map((person) => person.name).join(", ")}`);
    return found;
  }

  admit(name: string): void {
    this.agreement.handleAdmit(this.person(name).stay, this.network.now);
  }

  get recording() {
    return this.agreement.state.recording;
  }

  /** What is sealed now, the recipients of a recording can open. */
  get isCaptured(): boolean {
    const generation = generationOf(this.sealsWith?.kid ?? 0);
    return this.capsules.some(({ kid }) => generationOf(kid) === generation);
  }

  /** To the last proposal that it knows. */
  answer(yes: boolean): void {
    this.agreement.handleAnswer(this.recording?.proposal ?? "", yes, this.network.now);
  }

  codes(): string[] {
    return this.warnings.map(({ code }) => code);
  }

  /** Whether it could open what the other one seals now. */
  opens(other: Member): boolean {
    const key = other.sealsWith;
    return key !== undefined && this.keys.get(key.kid) === key.baseKey;
  }

  /** Whether it could, had it kept all that it was given, as a changed client would. */
  couldOpen(other: Member): boolean {
    return other.sealsWith !== undefined && this.given.has(other.sealsWith.baseKey);
  }

  /** Whether it holds any key that the other one ever sealed with. */
  everOpened(other: Member): boolean {
    return [...other.sealedWith].some(([kid, key]) => this.keys.get(kid) === key);
  }

  take(output: Output): void {
    if (output.type === "capsule") {
      const capsule = parse(output.text)!.message as Capsule;
      this.capsules.push(capsule);
      for (const kid of this.sealedWith.keys())
        if (generationOf(kid) === generationOf(capsule.kid)) this.late.push(kid);
    } else if (output.type === "send_key") {
      this.sealsWith = { kid: output.kid, baseKey: hex(output.baseKey) };
      this.sealedWith.set(output.kid, this.sealsWith.baseKey);
    } else if (output.type === "receive_key") {
      this.keys.set(output.kid, hex(output.baseKey));
      this.given.set(hex(output.baseKey), output.kid);
      const greatest = this.#greatest.get(senderOfKid(output.kid)) ?? 0;
      if (generationOf(output.kid) < greatest) this.back.push(output.kid);
      this.#greatest.set(senderOfKid(output.kid), Math.max(greatest, generationOf(output.kid)));
    } else if (output.type === "forget_key") this.keys.delete(output.kid);
    else if (output.type === "forget_sender") {
      for (const kid of this.keys.keys()) if (senderOfKid(kid) === output.sender) this.keys.delete(kid);
    } else if (output.type === "warning") this.warnings.push(output);
    else if (output.type === "remember") this.contacts = output.contacts;
    else if (output.type === "keep") this.kept = output.entries;
  }
}

/** What somebody brings. */
export interface Coming {
  device?: Device;
  link?: Fragment | undefined;
  knownLinks?: readonly Fragment[];
  kept?: readonly Entry[];
  contacts?: readonly Contact[];
  sender?: number;
  root?: Root;
  certificate?: Bytes;
  /** How far its clock is off, in ms. */
  clockOff?: number;
  room?: string;
}

export class Network {
  now = 5_000;
  readonly members: Member[] = [];
  /** What the server does to a letter: nothing, drop, change, repeat. */
  tamper: (letter: Letter) => Letter[] = (letter) => [letter];
  /** All that went by. */
  readonly record: Letter[] = [];
  readonly #admitted = new Set<number>();
  readonly #hosts = new Set<number>();
  #queue: Letter[] = [];
  #participants = 0;
  #senders = 16;

  private constructor(
    readonly root: Root,
    readonly link: Fragment,
    /** Of the root. */
    readonly seed: Bytes,
  ) {}

  /** Of the same clinic and with the same link as another one, if there is one. */
  static async open(other?: Network): Promise<Network> {
    if (other) return new Network(other.root, other.link, other.seed);
    const seed = randomBytes(32);
    const root = await rootOf(seed);
    return new Network(root, { secret: randomBytes(16), rootHash: root.hash }, seed);
  }

  async host(name: string, coming: Coming = {}): Promise<Member> {
    const device = coming.device ?? (await newDevice()).device;
    const seconds = UNIX_NOW / 1000;
    const about = { deviceId: device.id, name, notBefore: seconds - 3600, notAfter: seconds + 86_400 };
    const certificate = coming.certificate ?? (await certify(coming.root ?? this.root, about));
    const knownLinks = coming.knownLinks ?? [this.link];
    return this.#join(name, { ...coming, device, certificate, knownLinks }, true);
  }

  /** By the link, unless another or none is given. */
  async guest(name: string, coming: Coming = {}): Promise<Member> {
    const device = coming.device ?? (await newDevice()).device;
    return this.#join(name, { link: this.link, ...coming, device }, false);
  }

  /** A host and a guest that was let in. */
  async pair(): Promise<[Member, Member]> {
    const host = await this.host("Dana");
    const guest = await this.guest("Omar");
    await this.run(500);
    host.admit("Omar");
    await this.run(1000);
    return [host, guest];
  }

  /** Ticks and deliveries for a span of virtual time. */
  async run(span: number): Promise<void> {
    const end = this.now + span;
    while (this.now < end) {
      this.now += TICK_MS;
      for (const member of this.members) member.agreement.handleTick(this.now);
      await this.settle();
    }
  }

  /** Until nothing is on its way. */
  async settle(): Promise<void> {
    do {
      await this.#collect();
      const letters = this.#queue.splice(0);
      for (const letter of letters) for (const changed of this.tamper(letter)) this.deliver(changed);
      await this.#collect();
    } while (this.#queue.length > 0);
  }

  deliver({ from, to, text }: Letter): void {
    this.record.push({ from, to, text });
    const member = this.members.find(({ participant }) => participant === to);
    member?.agreement.handleMessage(from, text, this.now);
  }

  /** The server says that somebody left, or is told so by the connection. */
  leave(member: Member): void {
    this.vanish(member);
    for (const other of this.members) other.agreement.handleLeft(member.participant, this.now);
  }

  /** Somebody is gone without a word from anybody. */
  vanish(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    this.#admitted.delete(member.participant);
  }

  /** Somebody lets the server pass something on. */
  async say(member: Member, to: To, text: string): Promise<void> {
    this.#relay(member.participant, to, text);
    await this.settle();
  }

  async #join(name: string, coming: Coming & { device: Device }, isHost: boolean): Promise<Member> {
    this.#participants += 1;
    const participant = this.#participants;
    const sender = coming.sender ?? (this.#senders += 1);
    if (isHost) {
      this.#hosts.add(participant);
      this.#admitted.add(participant);
    }
    const options: JoinOptions = {
      room: coming.room ?? ROOM,
      name,
      device: coming.device,
      sender,
      now: this.now,
      unixNow: UNIX_NOW + this.now + (coming.clockOff ?? 0),
      ...(coming.certificate && { certificate: coming.certificate }),
      ...(coming.link && { link: coming.link }),
      ...(coming.knownLinks && { knownLinks: coming.knownLinks }),
      ...(coming.kept && { kept: coming.kept }),
      ...(coming.contacts && { contacts: coming.contacts }),
    };
    const agreement = await Agreement.join(options);
    const member = new Member(this, participant, agreement, coming.device, sender);
    this.members.push(member);
    await this.settle();
    return member;
  }

  async #collect(): Promise<void> {
    for (const member of this.members) {
      await member.agreement.idle();
      for (let output = member.agreement.poll(); output; output = member.agreement.poll()) {
        if (output.type === "send") this.#relay(member.participant, output.to, output.text);
        else member.take(output);
      }
    }
  }

  #relay(from: number, to: To, text: string): void {
    this.#look(from, text);
    const mayHear = (other: number) =>
      this.#admitted.has(from) && this.#admitted.has(other)
        ? true
        : this.#hosts.has(from)
          ? to === "everyone" || to === other
          : this.#hosts.has(other);
    for (const { participant } of this.members) {
      const isMeant = typeof to === "number" ? to === participant : participant !== from;
      const isGroup = to !== "members" || this.#admitted.has(participant);
      if (isMeant && isGroup && mayHear(participant)) this.#queue.push({ from, to: participant, text });
    }
  }

  /** Lets media flow, as a server does that reads statements of hosts. */
  #look(from: number, text: string): void {
    const parsed = parse(text);
    if (parsed?.message.type !== "statement" || !this.#hosts.has(from)) return;
    for (const { hello, verdict } of parsed.message.entries) {
      const participant = this.#helloOf.get(hex(hello));
      if (participant === undefined || this.#hosts.has(participant)) continue;
      if (verdict === VERDICTS.admitted) this.#admitted.add(participant);
      else this.#admitted.delete(participant);
    }
  }

  get #helloOf(): Map<string, number> {
    return new Map(this.members.map(({ agreement, participant }) => [agreement.stay, participant]));
  }
}

// The messages of a recording: one encoding each, and what is sealed opens for whom it was sealed and nobody else.

import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../base64.ts";
import { openBox, proposalHash } from "./capsule.ts";
import { importPrivate } from "./device.ts";
import { concat, equal, field, hex, type Bytes } from "./encoding.ts";
import { bodyOf, isSignedBy, parse, type Hello, type Message } from "./messages.ts";
import { newAgreementPair, randomBytes } from "./primitives.ts";
import type { Capsule, Consent, Proposal } from "./recording-messages.ts";
import { recoveryKeyOf, recoveryPairOf } from "./recovery.ts";
import { rootOf } from "./root.ts";
import vectors from "./vectors/recording.json" with { type: "json" };

const TEXTS = ["proposal", "host_consent", "guest_consent", "guest_withdrawal", "capsule"] as const;

function bytes(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function read<M extends Message>(text: string): M {
  return parse(text)!.message as M;
}

const proposal = read<Proposal>(vectors.proposal);
const consent = read<Consent>(vectors.guest_consent);
const capsule = read<Capsule>(vectors.capsule);

/** Read again as it would come over the line, with any signature. */
function again(message: Message): Message | undefined {
  return parse(toBase64Url(concat(bodyOf(message), field(new Uint8Array(64)))))?.message;
}

/** The fields of a body in order, one of them changed. */
function withField(message: Message, at: number, change: (content: Bytes) => Uint8Array): string {
  const body = bodyOf(message);
  const fields: Bytes[] = [];
  for (let from = 2; from < body.length;) {
    const length = body[from]! * 256 + body[from + 1]!;
    fields.push(body.slice(from + 2, from + 2 + length));
    from += 2 + length;
  }
  const changed = fields.map((content, index) => field(index === at ? change(content) : content));
  return toBase64Url(concat(body.slice(0, 2), ...changed, field(new Uint8Array(64))));
}

describe("the messages of a recording", () => {
  it("have one encoding", () => {
    for (const name of TEXTS) {
      const { message, body } = parse(vectors[name])!;
      expect(hex(bodyOf(message))).toBe(hex(body));
    }
    for (const message of [proposal, consent, capsule]) expect(again(message)).toEqual(message);
  });

  it("are cut nowhere, and nothing follows them", () => {
    for (const name of TEXTS) {
      const whole = fromBase64Url(vectors[name])!;
      for (let end = 0; end < whole.length; end += 1)
        expect(parse(toBase64Url(whole.slice(0, end)))).toBeUndefined();
      expect(parse(toBase64Url(concat(whole, new Uint8Array(1))))).toBeUndefined();
    }
  });

  it("with any bit changed are of another form, or not signed", async () => {
    const [host, guest] = [read<Hello>(vectors.host_hello), read<Hello>(vectors.guest_hello)];
    for (const name of TEXTS) {
      const whole = fromBase64Url(vectors[name])!;
      const { signingKey } = name === "proposal" || name === "host_consent" ? host : guest;
      expect(await isSignedBy(parse(vectors[name])!, signingKey)).toBe(true);
      for (let at = 0; at < whole.length; at += 1) {
        const changed = whole.slice();
        changed[at]! ^= 1 << (at % 8);
        const parsed = parse(toBase64Url(changed));
        if (parsed) expect(await isSignedBy(parsed, signingKey), `byte ${at} of ${name}`).toBe(false);
      }
    }
  });

  it("have numbers in their ranges alone", () => {
    const days = (value: number) => Uint8Array.of(value >> 8, value & 255);
    const set = (at: number, content: Uint8Array) => parse(withField(proposal, at, () => content));
    for (const purpose of [1, 2, 3, 4]) expect(set(3, Uint8Array.of(purpose))).toBeDefined();
    for (const purpose of [0, 5, 255]) expect(set(3, Uint8Array.of(purpose))).toBeUndefined();
    for (const text of [0, 2, 256]) expect(set(4, days(text))).toBeUndefined();
    for (const good of [1, 3650]) expect(set(5, days(good))).toBeDefined();
    for (const bad of [0, 3651, 65535]) expect(set(5, days(bad))).toBeUndefined();
    expect(parse(withField(consent, 2, () => new Uint8Array(4)))).toBeUndefined();
    for (const answer of [0, 3, 255])
      expect(parse(withField(consent, 3, () => Uint8Array.of(answer)))).toBeUndefined();
  });

  it("name subjects in order, none twice, each with something that is recorded", () => {
    const subject = (fill: number, what: number) =>
      concat(new Uint8Array(32).fill(fill), Uint8Array.of(what));
    const of = (...subjects: Uint8Array[]) => parse(withField(proposal, 6, () => concat(...subjects)));
    const many = Array.from({ length: 17 }, (_, at) => subject(at, 7));
    expect(of(subject(1, 1), subject(2, 7))).toBeDefined();
    expect(of(...many.slice(1))).toBeDefined();
    expect(of(...many)).toBeUndefined();
    expect(of()).toBeUndefined();
    expect(of(subject(2, 1), subject(1, 1))).toBeUndefined();
    expect(of(subject(1, 1), subject(1, 2))).toBeUndefined();
    for (const what of [0, 8, 9, 128]) expect(of(subject(1, what))).toBeUndefined();
    expect(of(subject(1, 1).slice(0, 32))).toBeUndefined();
  });

  it("name recipients once, with one therapist and one clinic at most", () => {
    const recipient = (role: number, fill: number) =>
      concat(Uint8Array.of(role), new Uint8Array(32).fill(fill));
    const of = (...recipients: Uint8Array[]) => parse(withField(proposal, 7, () => concat(...recipients)));
    const clients = Array.from({ length: 8 }, (_, at) => recipient(3, 10 + at));
    expect(of(recipient(1, 1))).toBeDefined();
    expect(of(recipient(3, 3), recipient(2, 2), recipient(1, 1))).toBeDefined();
    expect(of(recipient(1, 1), ...clients.slice(1))).toBeDefined();
    expect(of(recipient(1, 1), ...clients)).toBeUndefined();
    expect(of(recipient(2, 2))).toBeUndefined();
    expect(of(recipient(1, 1), recipient(1, 2))).toBeUndefined();
    expect(of(recipient(1, 1), recipient(2, 2), recipient(2, 3))).toBeUndefined();
    expect(of(recipient(1, 1), recipient(3, 1))).toBeUndefined();
    for (const role of [0, 4]) expect(of(recipient(1, 1), recipient(role, 2))).toBeUndefined();
  });

  it("have one to eight whole boxes", () => {
    const of = (length: number) => parse(withField(capsule, 3, () => new Uint8Array(length)));
    for (const good of [80, 640]) expect(of(good)).toBeDefined();
    for (const bad of [0, 79, 81, 720]) expect(of(bad)).toBeUndefined();
  });

  it("that are noise are refused", () => {
    for (const type of [9, 10, 11])
      for (let round = 0; round < 300; round += 1)
        expect(
          parse(toBase64Url(concat(Uint8Array.of(1, type), randomBytes(round)))),
          `noise of type ${type}`,
        ).toBeUndefined();
  });
});

describe("a capsule", () => {
  const seeds = [vectors.host_agreement_seed, vectors.recovery_private, vectors.guest_agreement_seed];

  it("opens for each recipient, and for nobody else", async () => {
    expect(hex(await proposalHash(parse(vectors.proposal)!.body))).toBe(vectors.proposal_hash);
    for (const [at, seed] of seeds.entries()) {
      const [publicKey, privateKey] = await importPrivate("X25519", bytes(seed), ["deriveBits"]);
      const pair = { publicKey, privateKey };
      expect(equal(publicKey, proposal.recipients[at]!.key)).toBe(true);
      for (const [other, box] of capsule.boxes.entries()) {
        const opened = await openBox(pair, capsule, box);
        expect(opened && hex(opened)).toBe(at === other ? vectors.base_key : undefined);
      }
      expect(await openBox(await newAgreementPair(), capsule, capsule.boxes[at]!)).toBeUndefined();
    }
  });

  it("of another recording, sender or key opens nothing", async () => {
    const [publicKey, privateKey] = await importPrivate("X25519", bytes(seeds[0]!), ["deriveBits"]);
    for (const other of [{ proposal: randomBytes(32) }, { from: randomBytes(32) }, { kid: capsule.kid + 1 }])
      expect(
        await openBox({ publicKey, privateKey }, { ...capsule, ...other }, capsule.boxes[0]!),
      ).toBeUndefined();
  });
});

describe("the recovery key of a clinic", () => {
  it("is what libsodium makes of its own test key", async () => {
    const seed = bytes("421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee");
    const root = await rootOf(seed);
    const expected = "f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50";
    expect(hex(recoveryKeyOf(root.publicKey))).toBe(expected);
    expect(hex((await recoveryPairOf(seed)).publicKey)).toBe(expected);
  });

  it("of every seed has the private half that the seed gives", async () => {
    for (let round = 0; round < 20; round += 1) {
      const seed = randomBytes(32);
      const { publicKey } = await recoveryPairOf(seed);
      expect(hex(publicKey)).toBe(hex(recoveryKeyOf((await rootOf(seed)).publicKey)));
    }
  });
});

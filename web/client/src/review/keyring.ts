// The keys of a recording, out of the capsules that are sealed to this device (RECORDING.md, section 2).
//
// Owns: whose capsules count, and the later steps of a generation. Never does: keep a key longer than the page lives.

import { openBox } from "../keys/capsule.ts";
import type { Device } from "../keys/device.ts";
import { equal, hex, type Bytes } from "../keys/encoding.ts";
import { isSignedBy } from "../keys/messages.ts";
import type { Capsule } from "../keys/recording-messages.ts";
import { generationOf, nextStep, senderOfKid, stepOf } from "../keys/senderkeys.ts";
import { SframeKey } from "../sealing/sframe.ts";
import { nameOfSigner, saidYes, type Agreed, type Signer } from "./agreed.ts";
import { ReviewFault } from "./fault.ts";
import { damaged, readLines } from "./lines.ts";

/** What is wanted of a device: to agree, never to sign. */
export type Holder = Pick<Device, "id" | "agreementKey" | "agree">;

/** One that a frame may be sealed by. */
export interface FrameKey {
  key: SframeKey;
  signer: Signer;
  /** Keys of one sender are used in this order. */
  order: number;
}

interface Opened {
  signer: Signer;
  kid: number;
  baseKey: Bytes;
  at: number;
}

export class Keyring {
  readonly #opened: readonly Opened[];
  /** By place and step. */
  readonly #keys = new Map<number, Promise<SframeKey>>();

  private constructor(opened: Opened[]) {
    this.#opened = opened;
  }

  /** Throws `ReviewFault`. */
  static async open(text: string, agreed: Agreed, holder: Holder): Promise<Keyring> {
    const place = placeOf(agreed, holder);
    const opened: Opened[] = [];
    for (const { parsed, line } of readLines(FILE, text)) {
      const { message } = parsed;
      const signer = message.type === "capsule" ? agreed.signers.get(hex(message.from)) : undefined;
      if (message.type !== "capsule" || !signer || !(await isSignedBy(parsed, signer.hello.hello.signingKey)))
        throw damaged(FILE, line, "a capsule that nobody here has signed");
      const baseKey = await openCapsule(message, signer, { agreed, holder, place, line });
      requireLater(opened, signer, message.kid, line);
      opened.push({ signer, kid: message.kid, baseKey, at: opened.length });
    }
    return new Keyring(opened);
  }

  /** Of whom the first keys with this sender index are. */
  signerOf(sender: number): Signer | undefined {
    return this.#opened.find(({ kid }) => senderOfKid(kid) === sender)?.signer;
  }

  /** Those that a frame with this KID may be sealed by: more than one if somebody came back with their former index. */
  async keysOf(kid: number): Promise<FrameKey[]> {
    const fitting = this.#opened.filter((one) => isOfGeneration(one.kid, kid) && one.kid <= kid);
    return Promise.all(
      fitting.map(async (one) => {
        const order = one.at * STEPS + stepOf(kid);
        let key = this.#keys.get(order);
        if (!key) this.#keys.set(order, (key = keyOf(one, kid)));
        return { key: await key, signer: one.signer, order };
      }),
    );
  }
}

/** Which of the recipients this device is. That somebody's key is named proves nothing yet: a key is public. */
function placeOf({ proposal, author, signers }: Agreed, holder: Holder): number {
  const place = proposal.recipients.findIndex(({ key }) => equal(key, holder.agreementKey));
  const isOwn = ({ hello }: Signer) => equal(hello.deviceId, holder.id);
  const role = proposal.recipients[place]?.role;
  const isOurs = role === "therapist" ? isOwn(author) : [...signers.values()].some(isOwn);
  if (!role || !isOurs) throw new ReviewFault("not_yours", "no recipient is this device");
  return place;
}

interface Opening {
  agreed: Agreed;
  holder: Holder;
  place: number;
  line: number;
}

async function openCapsule(
  capsule: Capsule,
  signer: Signer,
  { agreed, holder, place, line }: Opening,
): Promise<Bytes> {
  const { proposal, hash } = agreed;
  const { hello, deviceId } = signer.hello;
  if (!equal(capsule.proposal, hash))
    throw new ReviewFault("foreign", "a capsule of another recording", { file: FILE, line });
  const isSubject = proposal.subjects.some((subject) => equal(subject.deviceId, deviceId));
  if (!isSubject || !saidYes(signer))
    throw new ReviewFault("not_agreed", `no yes of ${nameOfSigner(signer)}`, { file: FILE, line });
  const box = capsule.boxes[place];
  const isWhole = capsule.boxes.length === proposal.recipients.length;
  if (!box || !isWhole || senderOfKid(capsule.kid) !== hello.sender)
    throw damaged(FILE, line, "a capsule that does not fit");
  const pair = { privateKey: holder.agree, publicKey: holder.agreementKey };
  const opened = await openBox(pair, capsule, box);
  if (!opened) throw damaged(FILE, line, "a capsule that does not open");
  return opened;
}

/** A stay gives out one key of a generation, and no generation after a later one. */
function requireLater(opened: Opened[], signer: Signer, kid: number, line: number): void {
  const last = opened.findLast((one) => one.signer === signer);
  if (last && generationOf(last.kid) >= generationOf(kid))
    throw new ReviewFault("replayed", "a generation that goes back", { file: FILE, line });
}

function isOfGeneration(one: number, other: number): boolean {
  return one - stepOf(one) === other - stepOf(other);
}

async function keyOf({ kid: from, baseKey }: Opened, kid: number): Promise<SframeKey> {
  let key = baseKey;
  for (let step = from; step < kid; step += 1) key = await nextStep(key);
  return SframeKey.import(BigInt(kid), key);
}

const FILE = "keys.jsonl";

/** Of a generation. */
const STEPS = 256;

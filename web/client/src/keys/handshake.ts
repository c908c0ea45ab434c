// Knock, answer, open: by which two stays know that the other one is there now, and get words to compare (SK-1.md,
// section 6).
//
// Owns: one handshake, of one side. Never does: decide who knocks, or whom to let in.
//
// A knocks and commits to a nonce, B answers with its own, A opens. Whoever is in the middle has to choose before it
// knows what the words will be.

import { equal, hex, type Bytes } from "./encoding.ts";
import type { FaultCode } from "./fault.ts";
import type { CheckedHello } from "./hello.ts";
import {
  macInput,
  write,
  type Answer,
  type Knock,
  type Open,
  type Parsed,
  type Written,
} from "./messages.ts";
import { hash, mac, randomBytes } from "./primitives.ts";
import { wordsOf } from "./words.ts";

/** A link as its holder proves it, or as a host knows it. */
export interface Link {
  id: Bytes;
  key: Bytes;
}

/** How a guest came, as a host sees it. */
export type LinkProof =
  | "own_link" // proven: the holder of a link of this host
  | "none" // by no link
  | "unknown"; // by one that this device does not know: revoked, or made elsewhere

/** The two of a handshake, by their hellos. */
export interface Sides {
  own: CheckedHello;
  other: CheckedHello;
  key: CryptoKey;
}

const NO_BYTES = new Uint8Array(0);

/** The side that knocks. */
export class Knocking {
  readonly #sides: Sides;
  readonly #nonce = randomBytes(32);
  #knock: Written | undefined;
  #answer: Bytes | undefined;
  #open: Written | undefined;
  words: string[] | undefined;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  /** The knock; the same one each time. */
  async knock(link: Link | undefined): Promise<Written> {
    this.#knock ??= await this.#makeKnock(link);
    return this.#knock;
  }

  get isThrough(): boolean {
    return this.#open !== undefined;
  }

  /** The open, or what is wrong. A repeated answer is opened to again. */
  async handleAnswer({ message, body }: Parsed<Answer>): Promise<Written | FaultCode> {
    if (this.#answer) return equal(this.#answer, body) ? this.#open! : "contradiction";
    if (!this.#knock) return "unknown_stay";
    // it signed a hash that covers our fresh hello: it is there now
    if (!equal(message.knock, await hash("knock hash", this.#knock.body))) return "contradiction";
    const { own, other, key } = this.#sides;
    const answer = await hash("answer hash", body);
    const open: Open = { type: "open", from: own.hash, to: other.hash, answer, nonce: this.#nonce };
    this.#answer = body;
    this.words = await wordsOf([this.#nonce, message.nonce], own.hash, other.hash);
    this.#open = await write(open, key);
    return this.#open;
  }

  async #makeKnock(link: Link | undefined): Promise<Written> {
    const { own, other, key } = this.#sides;
    const [from, to] = [own.hash, other.hash];
    const commitment = await hash("commit", this.#nonce, from, to);
    const knock: Knock = {
      type: "knock",
      from,
      to,
      commitment,
      linkId: link?.id ?? NO_BYTES,
      linkMac: NO_BYTES,
    };
    if (link) knock.linkMac = await mac(link.key, "link mac", macInput(knock));
    return write(knock, key);
  }
}

/** The side that answers. */
export class Answering {
  readonly #sides: Sides;
  readonly #nonce = randomBytes(32);
  #knock: Parsed<Knock> | undefined;
  #answer: Written | undefined;
  #open: Bytes | undefined;
  proof: LinkProof = "none";
  linkId: string | undefined;
  words: string[] | undefined;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  get isThrough(): boolean {
    return this.#open !== undefined;
  }

  /** The answer as it was given, until it is opened. */
  get unopened(): Written | undefined {
    return this.isThrough ? undefined : this.#answer;
  }

  /** The answer, or what is wrong. A repeated knock is answered again. */
  async handleKnock(parsed: Parsed<Knock>, links: readonly Link[]): Promise<Written | FaultCode> {
    if (this.#knock) return equal(this.#knock.body, parsed.body) ? this.#answer! : "contradiction";
    const proof = await proofOf(parsed.message, links);
    if (!proof) return "bad_link_mac";
    this.#knock = parsed;
    this.proof = proof;
    this.linkId = proof === "own_link" ? hex(parsed.message.linkId) : undefined;
    const { own, other, key } = this.#sides;
    const knock = await hash("knock hash", parsed.body);
    this.#answer = await write(
      { type: "answer", from: own.hash, to: other.hash, knock, nonce: this.#nonce },
      key,
    );
    return this.#answer;
  }

  /** Nothing is wrong, or what is. */
  async handleOpen({ message, body }: Parsed<Open>): Promise<FaultCode | undefined> {
    if (this.#open) return equal(this.#open, body) ? undefined : "contradiction";
    if (!this.#knock || !this.#answer) return "unknown_stay";
    const { own, other } = this.#sides;
    if (!equal(message.answer, await hash("answer hash", this.#answer.body))) return "contradiction";
    const commitment = await hash("commit", message.nonce, other.hash, own.hash);
    if (!equal(commitment, this.#knock.message.commitment)) return "contradiction";
    this.words = await wordsOf([message.nonce, this.#nonce], other.hash, own.hash);
    this.#open = body;
    return undefined;
  }
}

/** How the holder of a link proves it; nothing where the proof is a wrong one. */
async function proofOf(knock: Knock, links: readonly Link[]): Promise<LinkProof | undefined> {
  if (knock.linkId.length === 0) return "none";
  const link = links.find(({ id }) => equal(id, knock.linkId));
  if (!link) return "unknown";
  return equal(await mac(link.key, "link mac", macInput(knock)), knock.linkMac) ? "own_link" : undefined;
}

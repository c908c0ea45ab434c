// What was agreed to, by the signatures of those who did (RECORDING.md, sections 2 and 5).
//
// Owns: that every word of `consent.jsonl` is of whom it says, and that none is missing. Never does: believe the server
// more than the times at which it heard them.

import { proposalHash } from "../keys/capsule.ts";
import { equal, hex, type Bytes } from "../keys/encoding.ts";
import { checkHello, nameOf, type CheckedHello } from "../keys/hello.ts";
import { isSignedBy, type Hello, type Message, type Parsed } from "../keys/messages.ts";
import { namesRightly } from "../keys/proposal.ts";
import type { Consent, Proposal } from "../keys/recording-messages.ts";
import { ReviewFault } from "./fault.ts";
import { damaged, readLines, type Line } from "./lines.ts";

/** Somebody's answer. */
export interface Said {
  answer: Consent["answer"];
  /** In ms since 1970, by the server's clock. */
  at: number;
}

/** A stay of somebody who signed. */
export interface Signer {
  hello: CheckedHello;
  /** Where it stands. */
  line: number;
  said: Said[];
}

export interface Agreed {
  proposal: Proposal;
  hash: Bytes;
  author: Signer;
  /** By the hello hash in hexadecimal, in the order in which they came. */
  signers: Map<string, Signer>;
}

/** Throws `ReviewFault`. */
export async function readAgreed(text: string, recording: { id: string; room: string }): Promise<Agreed> {
  const lines = readLines(FILE, text);
  const signers = await signersOf(lines, recording.room);
  const proposed = await proposalOf(lines, signers, recording.id);
  const agreed = { ...proposed, signers };
  for (const line of lines) if (isOf(line.parsed, "consent")) await readConsent(line, line.parsed, agreed);
  requireWords(agreed, lines.at(-1)?.line);
  return agreed;
}

/** What stands on the tile. */
export function nameOfSigner({ hello }: Signer): string {
  return nameOf(hello);
}

/** They have said yes to it at some time. */
export function saidYes({ said }: Signer): boolean {
  return said.some(({ answer }) => answer === "yes");
}

async function signersOf(lines: Line[], room: string): Promise<Map<string, Signer>> {
  const signers = new Map<string, Signer>();
  for (const { parsed, at, line } of lines) {
    if (!isOf(parsed, "hello")) continue;
    // a certificate had to be valid then
    const hello = await checkHello(parsed as Parsed<Hello>, room, Math.floor(at / 1000));
    if (hello === "wrong_room")
      throw new ReviewFault("foreign", "a hello of another room", { file: FILE, line });
    if (typeof hello === "string") throw damaged(FILE, line, `a hello that is ${hello}`);
    signers.set(hello.stay, { hello, line, said: [] });
  }
  return signers;
}

async function proposalOf(lines: Line[], signers: Map<string, Signer>, id: string) {
  const [proposed, second] = lines.filter(({ parsed }) => isOf(parsed, "proposal"));
  if (!proposed || second) throw damaged(FILE, second?.line ?? 1, "not one proposal");
  const { line, parsed } = proposed;
  const proposal = parsed.message as Proposal;
  const author = signers.get(hex(proposal.from));
  if (!author || !(await isSignedBy(parsed, author.hello.hello.signingKey)))
    throw damaged(FILE, line, "a proposal that its author has not signed");
  if (hex(proposal.recording) !== id)
    throw new ReviewFault("foreign", "the proposal is of another recording", { file: FILE, line });
  const hellos = [...signers.values()].map(({ hello }) => hello);
  if (!author.hello.certificate || !namesRightly(author.hello, hellos, proposal))
    throw damaged(FILE, line, "a proposal that names others than it may");
  return { proposal, hash: await proposalHash(parsed.body), author };
}

async function readConsent({ line, at }: Line, parsed: Parsed<Consent>, agreed: Agreed): Promise<void> {
  const { from, proposal, answer } = parsed.message;
  const signer = agreed.signers.get(hex(from));
  if (!signer || !(await isSignedBy(parsed, signer.hello.hello.signingKey)))
    throw damaged(FILE, line, "a consent that nobody here has signed");
  // a word about another one says nothing about this one
  if (equal(proposal, agreed.hash)) signer.said.push({ answer, at });
}

/** Whoever is here has said something, unless a crash tore that off; and who proposed it, yes. */
function requireWords({ signers, author }: Agreed, last: number | undefined): void {
  const silent = [...signers.values()].find(({ said, line }) => said.length === 0 && line !== last);
  if (silent || !saidYes(author))
    throw new ReviewFault("not_agreed", `no word of ${nameOfSigner(silent ?? author)}`, { file: FILE });
}

function isOf<T extends Message["type"]>(
  parsed: Parsed,
  type: T,
): parsed is Parsed<Extract<Message, { type: T }>> {
  return parsed.message.type === type;
}

const FILE = "consent.jsonl";

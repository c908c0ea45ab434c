// What stands after the `#` of a link (SK-1.md, section 5). Browsers keep it to themselves.
//
// Owns: its two forms, and what is derived from its secret. Never does: send it anywhere.

import { fromBase64Url, toBase64Url } from "../base64.ts";
import { concat, equal, u8, type Bytes } from "./encoding.ts";
import { hash, kdf } from "./primitives.ts";
import { ROOT_HASH_BYTES, rootOf } from "./root.ts";

/** What a link carries. */
export interface Fragment {
  /** 16 bytes, made by the therapist's client. */
  secret: Bytes;
  /** By which clinic's root the therapist is certified. */
  rootHash: Bytes;
  /** Of a demonstration's host alone: who has it makes a certificate for himself. */
  rootSeed?: Bytes;
}

export type FragmentFault =
  | "no_secret" // cut off by a program, or a mailed link
  | "old_form" // of before SK-1
  | "truncated_secret"; // there, and damaged

export async function readFragment(text: string): Promise<Fragment | FragmentFault> {
  if (text === "") return "no_secret";
  const bytes = fromBase64Url(text);
  const form = FORMS.find(
    ({ version, rest }) => bytes?.[0] === version && bytes.length === 17 + rest + CHECK_BYTES,
  );
  if (!bytes || !form) return isOldForm(bytes) ? "old_form" : "truncated_secret";
  const end = bytes.length - CHECK_BYTES;
  if (!equal(bytes.slice(end), await checkOf(bytes.slice(0, end)))) return "truncated_secret";
  const [secret, rest] = [bytes.slice(1, 17), bytes.slice(17, end)];
  if (form.version === HANDED_OVER) return { secret, rootHash: rest };
  return { secret, rootHash: (await rootOf(rest)).hash, rootSeed: rest };
}

export async function writeFragment({ secret, rootHash, rootSeed }: Fragment): Promise<string> {
  const body = rootSeed
    ? concat(u8(DEMONSTRATION), secret, rootSeed)
    : concat(u8(HANDED_OVER), secret, rootHash);
  return toBase64Url(concat(body, await checkOf(body)));
}

/** Keyed with the link alone: what proves that somebody has it. */
export function linkKey({ secret, rootHash }: Fragment): Promise<Bytes> {
  return kdf(secret, rootHash, "link key", 32);
}

/** Public: tells a host which of its links a guest came with, and says nothing about the key. */
export function linkId({ secret, rootHash }: Fragment): Promise<Bytes> {
  return kdf(secret, rootHash, "link id", 8);
}

async function checkOf(body: Bytes): Promise<Bytes> {
  return (await hash("link check", body)).slice(0, CHECK_BYTES);
}

function isOldForm(bytes: Bytes | undefined): boolean {
  return bytes?.length === 16 && bytes[0] !== HANDED_OVER && bytes[0] !== DEMONSTRATION;
}

const HANDED_OVER = 1;
const DEMONSTRATION = 2;

const FORMS = [
  { version: HANDED_OVER, rest: ROOT_HASH_BYTES },
  { version: DEMONSTRATION, rest: 32 },
];

const CHECK_BYTES = 4;

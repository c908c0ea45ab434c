// Bits in groups of eleven, each the number of one of 2048 words (SK-1.md, sections 4 and 7).
//
// Owns: the grouping and the list, which is loaded when it is first wanted: it is as large as the rest of the protocol.

import type { Bytes } from "./encoding.ts";

const GROUP = 11;

/** The groups of a number of bits, most significant first. */
export function elevensOf(bytes: Bytes, count: number): number[] {
  const bit = (at: number) => (bytes[at >> 3]! >> (7 - (at & 7))) & 1;
  return Array.from({ length: count }, (_, group) =>
    Array.from({ length: GROUP }, (_, at) => bit(group * GROUP + at)).reduce(
      (value, one) => value * 2 + one,
      0,
    ),
  );
}

/** The bytes that groups came from; bits beyond the last whole byte are dropped. */
export function bytesOf(elevens: number[]): Bytes {
  const bits = elevens.flatMap((value) =>
    Array.from({ length: GROUP }, (_, at) => (value >> (GROUP - 1 - at)) & 1),
  );
  return Uint8Array.from({ length: bits.length >> 3 }, (_, at) =>
    bits.slice(at * 8, at * 8 + 8).reduce((value, one) => value * 2 + one, 0),
  );
}

/** The English list of BIP-39: 2048 words, all different in their first four letters. */
export async function wordList(): Promise<readonly string[]> {
  const { wordlist } = await import("@scure/bip39/wordlists/english.js");
  return wordlist;
}

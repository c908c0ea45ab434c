// The words that two people compare (SK-1.md, section 7).
//
// Owns: making them of what both contributed. Never does: remember who compared.

import { concat, type Bytes } from "./encoding.ts";
import { elevensOf, wordList } from "./elevens.ts";
import { kdf } from "./primitives.ts";

/** Five words of eleven bits: whoever is in the middle has one chance in 2⁵⁵ a try. */
const WORDS = 5;

/** Of a handshake from a stay to a stay, with the nonces of both. */
export async function wordsOf(nonces: [Bytes, Bytes], from: Bytes, to: Bytes): Promise<string[]> {
  const bits = await kdf(concat(...nonces), concat(from, to), "words", 7);
  const list = await wordList();
  return elevensOf(bits, WORDS).map((number) => list[number]!);
}

// The recovery kit of a clinic: its root's seed in words that can be printed (SK-1.md, section 4).
//
// Owns: both directions. Never does: print, or keep.

import { concat, type Bytes } from "./encoding.ts";
import { bytesOf, elevensOf, wordList } from "./elevens.ts";
import { hash } from "./primitives.ts";

/** 256 bits of the seed, and 19 to check. */
export const KIT_WORDS = 25;
const SEED_BYTES = 32;

export async function kitOf(seed: Bytes): Promise<string[]> {
  const list = await wordList();
  return elevensOf(concat(seed, (await hash("kit", seed)).slice(0, 3)), KIT_WORDS).map(
    (number) => list[number]!,
  );
}

/** Why words are no kit. */
export type KitFault =
  | { code: "count"; words: number }
  | { code: "unknown_word"; word: string; position: number }
  | { code: "check" };

/** The seed of a kit as somebody types it: four letters of a word do, upper case and more blanks do not matter. */
export async function seedOf(typed: string): Promise<Bytes | KitFault> {
  const words = typed
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);
  if (words.length !== KIT_WORDS) return { code: "count", words: words.length };
  const list = await wordList();
  const numbers = words.map((word) => list.findIndex((known) => isKitWord(word, known)));
  const unknown = numbers.indexOf(-1);
  if (unknown >= 0) return { code: "unknown_word", word: words[unknown]!, position: unknown + 1 };
  const seed = bytesOf(numbers).slice(0, SEED_BYTES);
  const right = elevensOf(concat(seed, (await hash("kit", seed)).slice(0, 3)), KIT_WORDS);
  // the last group holds three bits of the seed and eight of the check, the one before it eleven more
  return right.every((number, at) => number === numbers[at]) ? seed : { code: "check" };
}

/** Whether that is a word of a kit as somebody types it: words differ in their first four letters, shorter ones are whole. */
export function isKitWord(typed: string, word: string): boolean {
  const read = typed.trim().toLowerCase();
  return read === word || (read.length >= 4 && word.startsWith(read));
}

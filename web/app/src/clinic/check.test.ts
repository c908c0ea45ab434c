import { expect, it } from "vitest";
import { isWord, someOf } from "./check";

it("asks for different words, in the order of the paper, and not always the same", () => {
  const drawn = Array.from({ length: 50 }, () => someOf(25, 3));
  for (const numbers of drawn) {
    expect(new Set(numbers).size).toBe(3);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    expect(numbers.every((number) => number >= 0 && number < 25)).toBe(true);
  }
  expect(new Set(drawn.map(String)).size).toBeGreaterThan(10);
});

it("takes four letters of a word, upper case and blanks, and no other word", () => {
  for (const typed of ["abandon", " ABAN ", "abando"]) expect(isWord(typed, "abandon")).toBe(true);
  expect(isWord("zoo", "zoo")).toBe(true);
  for (const typed of ["", "aba", "ability", "abandons"]) expect(isWord(typed, "abandon")).toBe(false);
});

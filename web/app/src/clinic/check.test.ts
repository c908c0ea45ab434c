import { expect, it } from "vitest";
import { someOf } from "./check";

it("asks for different words, in the order of the paper, and not always the same", () => {
  const drawn = Array.from({ length: 50 }, () => someOf(25, 3));
  for (const numbers of drawn) {
    expect(new Set(numbers).size).toBe(3);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    expect(numbers.every((number) => number >= 0 && number < 25)).toBe(true);
  }
  expect(new Set(drawn.map(String)).size).toBeGreaterThan(10);
});

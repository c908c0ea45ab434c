import { describe, expect, it } from "vitest";
import { clockOf, review, troubleOf } from "./review";

describe("the words about a recording", () => {
  it("write times as players do", () => {
    expect([0, 9_900, 65_000, 3_725_000].map(clockOf)).toEqual(["0:00", "0:09", "1:05", "1:02:05"]);
  });

  it("say in every fault what to do now, and where it is", () => {
    for (const [code, fault] of Object.entries(review.faults)) {
      expect(fault.todo).toMatch(/\.$/);
      expect(fault.title).not.toMatch(/[.!]$/);
      const placed = troubleOf(code as keyof typeof review.faults, { ms: 754_000 });
      expect(placed.title).toBe(`${fault.title}, at 12:34`);
    }
  });

  it("name every fault by a sentence of its own", () => {
    const titles = Object.values(review.faults).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

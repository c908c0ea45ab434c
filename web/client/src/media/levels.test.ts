import { describe, expect, it } from "vitest";

import { decibelsOf } from "./context.ts";
import { levelOf } from "./meter.ts";

describe("loudness", () => {
  it("is measured as root mean square", () => {
    expect(decibelsOf([1, -1, 1, -1])).toBe(0);
    expect(decibelsOf([0.1, -0.1])).toBeCloseTo(-20);
    expect(decibelsOf([0, 0, 0])).toBe(-100);
    expect(decibelsOf([])).toBe(-100);
  });

  it("is drawn from 0 to 1", () => {
    expect([-100, -60, -30, 0, 3].map(levelOf)).toEqual([0, 0, 0.5, 1, 1]);
  });
});

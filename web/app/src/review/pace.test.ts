import { describe, expect, it } from "vitest";
import { paceOf } from "./pace";

/** Seconds of drift after so many looks, ten a second. */
function after(drift: number, looks: number): number {
  let now = drift;
  for (let look = 0; look < looks; look += 1) {
    const pace = paceOf(now);
    now = pace.kind === "jump" ? 0 : now + (pace.factor - 1) * 0.1;
  }
  return now;
}

describe("streams that are apart", () => {
  it("come within 100 ms in two seconds, from either side, and stay there", () => {
    for (const drift of [-0.39, -0.2, -0.1, 0.1, 0.2, 0.39]) {
      expect(Math.abs(after(drift, 25))).toBeLessThan(0.1);
      expect(Math.abs(after(drift, 80))).toBeLessThanOrEqual(0.03);
    }
  });

  it("jump where a nudge would take too long", () => {
    expect(paceOf(2).kind).toBe("jump");
    expect(paceOf(-0.5).kind).toBe("jump");
  });

  it("are left alone when they are together", () => {
    expect(paceOf(0.02)).toEqual({ kind: "run", factor: 1 });
  });
});

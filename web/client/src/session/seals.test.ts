import { describe, expect, it } from "vitest";

import { Seals } from "./seals.ts";

function rejectedFor(ms: number, ...senders: number[]): Seals {
  const seals = new Seals();
  for (const sender of senders) for (let now = 0; now <= ms; now += 1000) seals.rejected(sender, now);
  return seals;
}

describe("Seals", () => {
  it("calls a key wrong after two seconds without one frame opened", () => {
    expect(rejectedFor(1000, 20).state(20)).toBe("waiting");
    expect(rejectedFor(2000, 20).state(20)).toBe("wrong_key");
    expect(rejectedFor(2000, 20).state(30)).toBe("waiting");
  });

  it("is settled by one opened frame", () => {
    const seals = rejectedFor(2000, 20);
    seals.opened(20);
    expect(seals.rejected(20, 9000)).toBe("open");
    expect(seals.state(20)).toBe("open");
  });

  it("knows nothing any more of who left", () => {
    const seals = rejectedFor(2000, 20);
    seals.forget(20);
    expect(seals.rejected(20, 9000)).toBe("waiting");
  });
});

import { describe, expect, it } from "vitest";
import { generationOf, SenderKeys, stepOf } from "./senderkeys.ts";

/** What a sender with these recipients seals with, after others took their place. */
async function after(before: string[], then: string[], now = 1000) {
  const keys = new SenderKeys(1);
  await keys.handleRecipients(new Set(before), 0);
  const former = keys.current.kid;
  const handing = await keys.handleRecipients(new Set(then), now);
  return { keys, former, handing };
}

describe("a sender's keys", () => {
  it("are others at once when nobody is left of those who had them", async () => {
    for (const then of [["reload"], []]) {
      const { keys, former, handing } = await after(["omar"], then);
      expect(generationOf(keys.current.kid)).toBe(generationOf(former) + 1);
      expect(stepOf(keys.current.kid)).toBe(0);
      expect(handing).toEqual({ key: keys.current, to: then });
    }
  });

  it("are others only when those who stay have them, or 0.3 s later", async () => {
    const { keys, former, handing } = await after(["omar", "noor"], ["noor", "reload"]);
    expect(keys.current.kid).toBe(former);
    expect(keys.handleTime(1100, (stay) => stay === "reload")).toBe(false);
    expect(keys.handleTime(1200, () => true)).toBe(true);
    expect(keys.current).toEqual(handing?.key);
    const late = await after(["omar", "noor"], ["noor"]);
    expect(late.keys.handleTime(1299, () => false)).toBe(false);
    expect(late.keys.handleTime(1300, () => false)).toBe(true);
  });

  it("are a step further for whoever comes", async () => {
    const { keys, former, handing } = await after(["noor"], ["noor", "omar"]);
    expect(keys.current.kid).toBe(former + 1);
    expect(handing).toEqual({ key: keys.current, to: ["omar"] });
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Awaited } from "./awaited.ts";

/** Whether a wait for this key is over. */
async function isOver(wait: Promise<void>): Promise<boolean> {
  let over = false;
  void wait.then(() => (over = true));
  await vi.advanceTimersByTimeAsync(0);
  return over;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a frame before its key", () => {
  it("waits until the key is there, and no longer than 300 ms after the first that did", async () => {
    const awaited = new Awaited();
    const [first, second] = [awaited.wait(7), awaited.wait(8)];
    await vi.advanceTimersByTimeAsync(200);
    awaited.handleKey(7);
    expect([await isOver(first), await isOver(second)]).toEqual([true, false]);
    const third = awaited.wait(8);
    await vi.advanceTimersByTimeAsync(100);
    expect([await isOver(second), await isOver(third)]).toEqual([true, true]);
    expect(await isOver(awaited.wait(8))).toBe(true);
  });

  it("waits anew for a key that was there, came to nothing, and is wanted once more", async () => {
    const awaited = new Awaited();
    void awaited.wait(7);
    await vi.advanceTimersByTimeAsync(300);
    awaited.handleKey(7);
    expect(await isOver(awaited.wait(7))).toBe(false);
  });

  it("does not wait for a key that was forgotten, nor for more of them than anybody uses", async () => {
    const awaited = new Awaited();
    for (let kid = 0; kid < 100; kid += 1) awaited.handleForgotten(kid);
    expect(await isOver(awaited.wait(99))).toBe(true);
    expect(await isOver(awaited.wait(1000))).toBe(false);
    for (let kid = 100; kid < 200; kid += 1) void awaited.wait(kid);
    expect(await isOver(awaited.wait(999))).toBe(true);
    await vi.advanceTimersByTimeAsync(300);
    expect(await isOver(awaited.wait(999))).toBe(false);
  });
});

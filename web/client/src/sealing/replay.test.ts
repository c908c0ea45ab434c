import { expect, test } from "vitest";

import { ReplayWindow, WINDOW } from "./replay.ts";

test("each counter passes once, in whatever order they come", () => {
  for (const first of [0, 300, 70_000, 2 ** 32 - 100, 2 ** 40]) {
    const window = new ReplayWindow();
    const counters = Array.from({ length: 600 }, (_, index) => first + ((index * 337) % 600));
    for (const counter of counters) {
      expect(window.isFresh(counter), `${counter}`).toBe(true);
      window.mark(counter);
    }
    for (const counter of counters) expect(window.isFresh(counter), `${counter}`).toBe(false);
  }
});

test("what is older than the window counts as seen, what is just within it does not", () => {
  const window = new ReplayWindow();
  window.mark(WINDOW + 10);
  expect(window.isFresh(10)).toBe(false);
  expect(window.isFresh(11)).toBe(true);
});

test("the window forgets what slid out of it, however large the jump", () => {
  for (const jump of [1, 31, 32, 33, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW]) {
    const window = new ReplayWindow();
    for (let counter = 0; counter < WINDOW; counter += 1) window.mark(counter);
    const next = WINDOW - 1 + jump;
    window.mark(next);
    expect(window.isFresh(next)).toBe(false);
    for (let counter = WINDOW; counter < next; counter += 1) {
      const within = next - counter < WINDOW;
      expect(window.isFresh(counter), `${counter} after a jump of ${jump}`).toBe(within);
    }
  }
});

test("the window is no smaller than promised", () => {
  expect(WINDOW).toBeGreaterThanOrEqual(1024);
});

import { expect, test } from "vitest";
import { CaptureClock } from "./captureclock.ts";
import { Capturing } from "./capturing.ts";

const MINUTE = 60e6;

/** What a clock says less what is true, in microseconds, over an hour of pictures with encoders of changing speed. */
function errorsOf({
  drift,
  first = 0,
  delay,
}: {
  drift: number;
  first?: number;
  delay: (frame: number) => number;
}) {
  const clock = new CaptureClock(90_000);
  return Array.from({ length: 30 * 3600 }, (_, frame) => {
    const captured = 1.7e15 + (frame * 1e6) / 30;
    const ticks = Math.round(first + (frame * 90_000 * (1 + drift)) / 30) >>> 0;
    return clock.capturedAt(ticks, captured + delay(frame)) - captured;
  });
}

test("frames get the time of their capture and the least delay, whatever each took", () => {
  const errors = errorsOf({ drift: 0, delay: (frame) => 5_000 + (frame % 7) * 3_000 });
  expect(Math.max(...errors.slice(7))).toBeLessThan(5_100);
  expect(Math.min(...errors)).toBeGreaterThanOrEqual(4_999);
});

test.each([50e-6, -50e-6])("a clock that drifts by %d is followed for an hour", (drift) => {
  const errors = errorsOf({ drift, delay: (frame) => 5_000 + (frame % 7) * 3_000 });
  expect(Math.max(...errors.slice(7).map((error) => Math.abs(error - 5_000)))).toBeLessThan(500);
});

test("timestamps go around", () => {
  const errors = errorsOf({ drift: 0, first: 2 ** 32 - 90_000, delay: () => 0 });
  expect(Math.max(...errors.map(Math.abs))).toBeLessThan(20);
});

test("a track that stands still for a minute goes on in its line, and another one has its own", () => {
  const clock = new CaptureClock(48_000);
  expect(clock.capturedAt(0, 1_000)).toBe(1_000);
  expect(clock.capturedAt(60 * 48_000, MINUTE + 9_000)).toBe(MINUTE + 9_000);
  expect(clock.capturedAt(60 * 48_000 + 960, MINUTE + 25_000)).toBe(MINUTE + 25_000);
  expect(clock.capturedAt(3e9, 2 * MINUTE)).toBe(2 * MINUTE);
});

test("sound counts from its first sample, and without timestamps from when it came", () => {
  const capturing = new Capturing();
  expect(capturing.trailerOf("opus", {}, 100_000)).toEqual({ captureMicros: 80_000, width: 0, height: 0 });
  const picture = { rtpTimestamp: 1, synchronizationSource: 5, width: 640, height: 360 };
  expect(capturing.trailerOf("vp8", picture, 100_000)).toEqual({
    captureMicros: 100_000,
    width: 640,
    height: 360,
  });
});

import { expect, test } from "vitest";

import { Watchdog, type SenderReading } from "./watchdog.ts";

const AT_REST: SenderReading = { kind: "video", packets: 100, bytes: 90_000, encoded: 50, sealed: 50 };

function judge(...readings: Partial<SenderReading>[]): (string | undefined)[] {
  const watchdog = new Watchdog();
  return readings.map((reading) => watchdog.judge({ ...AT_REST, ...reading }));
}

test("packets before the first sealed frame are clear packets, at once", () => {
  expect(judge({ sealed: 0, packets: 1, bytes: 3 })).toEqual([expect.stringContaining("1 video packets")]);
  expect(judge({ kind: "audio", sealed: 0, packets: 1, bytes: 3, encoded: 0 })[0]).toContain("audio");
});

test("a sender that waits for its key sends nothing, and nothing is wrong", () => {
  const waiting = { sealed: 0, packets: 0, bytes: 0 };
  const readings = [waiting, { ...waiting, encoded: 90 }, { ...waiting, packets: 4 }];
  expect(judge(...readings)).toEqual(Array(3).fill(undefined));
});

test("frames encoded and sent while none is sealed are clear, when that goes on", () => {
  const clear = (more: number) => ({ packets: 100 + more, bytes: 90_000 + more, encoded: 50 + more });
  expect(judge({}, clear(1), clear(2))).toEqual([undefined, undefined, expect.stringContaining("video")]);
  expect(judge({}, clear(1), clear(1), clear(2)), "a queue that empties").toEqual(Array(4).fill(undefined));
  expect(judge({}, clear(1), { ...clear(2), sealed: 51 }, clear(3))[2]).toBeUndefined();
});

test("sound has no count of frames encoded: packets are enough", () => {
  const sound = (more: number) => ({
    kind: "audio" as const,
    packets: 100 + more,
    bytes: 90_000 + more,
    encoded: 0,
  });
  expect(judge(sound(0), sound(1), sound(2))[2]).toContain("audio");
});

test("probes for bandwidth and a camera that is off are not clear packets", () => {
  const probing = (more: number) => ({ packets: 100 + more, bytes: 90_000 + more });
  expect(judge({}, probing(1), probing(2), probing(3))).toEqual(Array(4).fill(undefined));
});

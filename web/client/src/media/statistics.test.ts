import { describe, expect, it } from "vitest";

import { readReport } from "./report.ts";
import { compare, type Owner } from "./statistics.ts";

/** A report `second` seconds into a call with a sent camera and a received voice. */
function report(second: number, changes: { lost?: number; received?: number } = {}) {
  const timestamp = second * 1000;
  const entries = [
    {
      type: "candidate-pair",
      id: "P",
      timestamp,
      nominated: true,
      state: "succeeded",
      currentRoundTripTime: 0.08,
    },
    { type: "codec", id: "C", timestamp, mimeType: "video/VP9" },
    { type: "remote-inbound-rtp", id: "R", timestamp, packetsLost: second * 2, jitter: 0.004 },
    {
      ...{ type: "outbound-rtp", id: "O", timestamp, kind: "video", mid: "1", codecId: "C", remoteId: "R" },
      ...{ bytesSent: second * 125_000, packetsSent: second * 100, framesPerSecond: 30, frameHeight: 720 },
    },
    {
      ...{ type: "inbound-rtp", id: "I", timestamp, kind: "audio", mid: "2", jitter: 0.012 },
      ...{ bytesReceived: second * 4000, packetsReceived: changes.received ?? second * 50 },
      ...{
        packetsLost: changes.lost ?? 0,
        totalSamplesReceived: second * 48_000,
        concealedSamples: second * 480,
      },
    },
    { type: "inbound-rtp", id: "E", timestamp, kind: "audio", mid: "9", packetsReceived: 1 },
  ];
  return readReport(entries as RTCStats[]);
}

const owners: Record<string, Owner> = {
  "1": { person: 1, source: "camera" },
  "2": { person: 2, source: "microphone" },
};
const owner = (mid: string) => owners[mid];

describe("compare", () => {
  it("gives rates of what belongs to somebody", () => {
    const { sending, receiving, measurement } = compare(report(10), report(12), owner);
    expect(sending).toEqual([
      {
        ...{ person: 1, source: "camera", kilobitsPerSecond: 1000, loss: 0.02, jitterMs: 4 },
        ...{ codec: "VP9", framesPerSecond: 30, height: 720 },
      },
    ]);
    expect(receiving).toEqual([
      { person: 2, source: "microphone", kilobitsPerSecond: 32, loss: 0, jitterMs: 12, concealed: 0.01 },
    ]);
    expect(measurement).toEqual({ roundTripMs: 80, loss: 0, jitterMs: 12 });
  });

  it("counts loss against what was due", () => {
    const now = report(12, { lost: 25, received: 575 });
    expect(compare(report(10), now, owner).measurement.loss).toBe(0.25);
  });

  it("says no loss where late packets came after all", () => {
    const [before, now] = [report(10, { lost: 20, received: 480 }), report(12, { lost: 0, received: 600 })];
    expect(compare(before, now, owner).measurement.loss).toBe(0);
  });

  it("says nothing before there are two", () => {
    expect(compare(undefined, report(2), owner)).toMatchObject({ sending: [], receiving: [] });
    expect(compare(report(2), report(2), owner)).toMatchObject({ sending: [], receiving: [] });
  });
});

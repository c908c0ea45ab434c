import { describe, expect, it } from "vitest";

import { judge, LineJudge, type Measurement } from "./line.ts";

const good: Measurement = { roundTripMs: 40, loss: 0, jitterMs: 5 };
const fair: Measurement = { ...good, roundTripMs: 300 };
const poor: Measurement = { ...good, loss: 0.3 };

function after(...measurements: Measurement[]): LineJudge {
  const line = new LineJudge();
  measurements.forEach((measurement) => line.update(measurement));
  return line;
}

const times = (count: number, measurement: Measurement) => Array.from({ length: count }, () => measurement);

describe("judge", () => {
  it("goes by the worst part", () => {
    expect(judge(good)).toBe("good");
    expect(judge({ ...good, jitterMs: 31 })).toBe("fair");
    expect(judge({ ...good, loss: 0.06 })).toBe("fair");
    expect(judge({ ...good, roundTripMs: 601 })).toBe("poor");
    expect(judge({ ...fair, jitterMs: 81 })).toBe("poor");
    expect(judge({ loss: 0.2 })).toBe("poor");
    expect(judge({})).toBe("unknown");
  });
});

describe("LineJudge", () => {
  it("has a word from the first measurement on", () => {
    expect(after({}).line).toBe("unknown");
    expect(after(good).line).toBe("good");
  });

  it("gets worse at the second bad measurement in a row", () => {
    expect(after(good, poor).line).toBe("good");
    expect(after(good, poor, good, poor).line).toBe("good");
    expect(after(good, poor, poor).line).toBe("poor");
  });

  it("gets better at the fifth good one", () => {
    expect(after(poor, ...times(4, good)).line).toBe("poor");
    expect(after(poor, ...times(4, good), poor, ...times(4, good)).line).toBe("poor");
    expect(after(poor, ...times(5, good)).line).toBe("good");
  });

  it("moves as far as all of the measurements agree", () => {
    expect(after(good, poor, fair).line).toBe("fair");
    expect(after(poor, good, fair, good, good, good).line).toBe("fair");
  });

  it("starts again on the other side", () => {
    expect(after(fair, good, good, good, good, poor).line).toBe("fair");
    expect(after(fair, good, good, good, good, poor, poor).line).toBe("poor");
  });

  it("keeps its word while there is nothing to measure", () => {
    expect(after(poor, ...times(10, {})).line).toBe("poor");
  });
});

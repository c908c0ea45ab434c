import { expect, it } from "vitest";
import type { CallStatistics, Person } from "@rapport/client";
import { figureLines } from "./figures";

it("writes a line a stream, leaves out what is not known, and names whose it is", () => {
  const figures: CallStatistics = {
    roundTripMs: 41.23456,
    line: "good",
    sealing: { sealed: 4, dropped: 2, opened: 0, rejected: 1, replayed: 0, sealMicros: 100, openMicros: 0 },
    ignored: 3,
    sending: [{ person: 1, source: "microphone", kilobitsPerSecond: 40 }],
    receiving: [{ person: 2, source: "camera", kilobitsPerSecond: 900.5, width: 1280, loss: undefined }],
  };
  const people = [{ id: 2, name: "Ben" }] as Person[];
  expect(figureLines(figures, people)).toEqual([
    "line: state good, roundTripMs 41.235",
    "sealed: frames 4, dropped 2, micros 25",
    "opened: frames 0, rejected 1, replayed 0",
    "roster: ignored 3",
    "sends microphone: kilobitsPerSecond 40",
    "Ben camera: kilobitsPerSecond 900.5, width 1280",
  ]);
});

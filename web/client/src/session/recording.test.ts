import { describe, expect, it } from "vitest";

import type { Person as Known } from "../keys/agreement.ts";
import type { AgreedRecording } from "../keys/recording.ts";
import type { Recording as Told } from "../signaling/protocol.ts";
import { proposingOf, recordingOf } from "./recording.ts";
import type { Person } from "./types.ts";

const agreed = (more: Partial<AgreedRecording> = {}): AgreedRecording => ({
  proposal: "p",
  recording: "a",
  purpose: "activity",
  days: 14,
  at: 0,
  author: "Dana",
  isOwnProposal: false,
  subjects: [],
  recipients: [],
  answer: undefined,
  agreeing: [],
  missing: [],
  isOpen: false,
  over: undefined,
  ...more,
});

const told = (phase: Told["phase"], more: Partial<Told> = {}): Told => ({
  recording: "a",
  phase,
  safe_ms: 0,
  missing: [],
  end: null,
  hours_left: null,
  sound_only: false,
  ...more,
});

const person = (participant: number, name: string) =>
  ({ stay: `stay ${participant}`, participant, name, standing: "admitted" }) as Known;
const people = [person(2, "Noor"), person(3, "Omar")];

function of(recording: AgreedRecording | undefined, word: Told | null | undefined) {
  return recordingOf({ recording, people }, word);
}

describe("the sign that it records", () => {
  it("is on when the server says so, or when the own agreement is open", () => {
    for (const phase of ["starting", "recording"] as const) {
      expect(of(undefined, told(phase))).toMatchObject({ isOn: true, phase });
      expect(of(agreed({ over: "refused" }), told(phase))).toMatchObject({ isOn: true, phase });
      // of another one, whatever is agreed here
      expect(of(agreed(), told(phase, { recording: "b" }))).toMatchObject({ isOn: true });
    }
    const open = agreed({ isOpen: true, answer: "yes" });
    expect(of(open, null)).toMatchObject({ isOn: true, phase: "starting" });
    expect(of(open, told("proposed"))).toMatchObject({ isOn: true, phase: "starting" });
    expect(of(open, told("ended"))).toMatchObject({ isOn: true, phase: "starting" });
    expect(of(open, told("paused"))).toMatchObject({ isOn: true, phase: "paused" });
  });

  it("is off when neither does", () => {
    expect(of(agreed(), null)).toMatchObject({ isOn: false, phase: "proposed" });
    expect(of(agreed(), told("paused"))).toMatchObject({ isOn: false, phase: "paused" });
    expect(of(agreed({ over: "refused" }), told("paused"))).toMatchObject({ isOn: false, phase: "ended" });
  });
});

describe("what is shown of a recording", () => {
  it("is nothing before there is one, and nothing of one that ended before", () => {
    expect(of(undefined, null)).toBeUndefined();
    expect(recordingOf(undefined, undefined)).toBeUndefined();
    expect(of(undefined, told("ended"))).toBeUndefined();
  });

  it("is the one that goes on, not the one that is over", () => {
    const over = agreed({ over: "refused" });
    expect(of(over, told("proposed", { recording: "b" }))).toMatchObject({
      recording: "b",
      answer: undefined,
    });
    expect(of(over, told("ended", { recording: "b" }))).toMatchObject({ recording: "a", phase: "ended" });
    expect(of(agreed(), told("ended", { recording: "b" }))).toMatchObject({
      recording: "a",
      phase: "proposed",
    });
  });

  it("has the proposal as it was signed", () => {
    const subjects = [{ name: "Omar", isYou: false, microphone: true, camera: false, screen: false }];
    expect(of(agreed({ subjects, isOwnProposal: true }), null)?.proposal).toEqual({
      id: "p",
      purpose: "activity",
      days: 14,
      author: "Dana",
      isOwn: true,
      subjects,
      recipients: [],
    });
  });

  it("names who is missing by the agreement or by the server, once each", () => {
    const word = told("paused", { missing: [1, 3, 9] });
    expect(of(agreed({ missing: ["stay 3"] }), word)?.missing).toEqual(["Omar"]);
    expect(of(agreed({ missing: ["stay 2"] }), word)?.missing).toEqual(["Noor", "Omar"]);
  });

  it("ends as the server says, or as the agreement knows", () => {
    const word = told("ended", { end: "full", hours_left: 2, safe_ms: 47_000 });
    expect(of(agreed({ over: "ended" }), word)).toMatchObject({ end: "full", hoursLeft: 2, safeMs: 47_000 });
    expect(of(agreed({ over: "refused" }), null)).toMatchObject({ end: "stopped", safeMs: 0 });
    expect(of(agreed({ over: "author_gone" }), null)).toMatchObject({ end: "gone", phase: "ended" });
  });
});

describe("a wish", () => {
  const here = [
    { id: 1, you: true },
    { id: 2, you: false, trust: { stay: "stay 2" } },
  ] as Person[];
  const what = { microphone: true, camera: false, screen: false };
  const wish = { purpose: "activity", days: 7, forClient: true, clinic: true } as const;

  it("names stays instead of numbers", () => {
    const subjects = [
      { id: 2, ...what },
      { id: 1, ...what },
    ];
    expect(proposingOf({ ...wish, subjects }, here, "own")).toEqual({
      ...wish,
      subjects: [
        { stay: "stay 2", ...what },
        { stay: "own", ...what },
      ],
    });
  });

  it("about somebody who is gone is none", () => {
    expect(proposingOf({ ...wish, subjects: [{ id: 5, ...what }] }, here, "own")).toBeUndefined();
  });
});

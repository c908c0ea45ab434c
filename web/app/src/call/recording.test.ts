import type { RecordingProposal, RecordingState } from "@rapport/client";
import { describe, expect, it } from "vitest";
import { listed, recordingWords, sourcesOf, spanOf } from "../words/recording";
import { endOf, isAsked, signOf } from "./recording";

const proposal: RecordingProposal = {
  id: "p",
  purpose: "activity",
  days: 14,
  author: "Dana",
  isOwn: false,
  subjects: [],
  recipients: [],
};

function recording(more: Partial<RecordingState> = {}): RecordingState {
  return {
    recording: "a",
    phase: "proposed",
    isOn: false,
    proposal,
    answer: "yes",
    missing: [],
    safeMs: 0,
    end: undefined,
    hoursLeft: undefined,
    isSoundOnly: false,
    ...more,
  };
}

const { sign, ended } = recordingWords;
const shown = (more: Partial<RecordingState>) => signOf(recording(more), undefined);

describe("the sign of a recording", () => {
  it("is absent where there is none", () => {
    expect(signOf(undefined, undefined)).toBeUndefined();
    expect(signOf(recording({ proposal: undefined }), undefined)).toBeUndefined();
  });

  it("asks, and offers to answer once the question was closed", () => {
    expect(shown({ answer: undefined })).toMatchObject({
      look: "ask",
      text: sign.asked("Dana"),
      act: { act: "answer" },
    });
  });

  it("names of whom is waited for, and can be taken back", () => {
    const waiting = shown({ missing: ["Noor", "Li"] });
    expect(waiting).toMatchObject({ look: "plain", text: sign.waiting("Noor and Li") });
    expect(waiting?.act).toEqual({ act: "stop", label: sign.takeBack });
    expect(shown({})?.text).toBe(sign.soon);
  });

  it("is red whenever it is on, with what is safe, and stops for anybody who was asked", () => {
    const phases = ["proposed", "starting", "recording", "paused", "ended"] as const;
    for (const phase of phases)
      expect(signOf(recording({ phase, isOn: true }), "a")).toMatchObject({
        look: "on",
        act: { act: "stop" },
      });
    expect(shown({ phase: "recording", isOn: true, safeMs: 12_900 })?.text).toBe("Recording · 12 s safe");
    // of whoever was not asked, too
    expect(shown({ phase: "recording", isOn: true, proposal: undefined })).toMatchObject({ look: "on" });
    expect(shown({ phase: "recording", isOn: true, proposal: undefined })?.act).toBeUndefined();
  });

  it("says whom a pause waits for", () => {
    expect(shown({ phase: "paused", missing: ["Noor"] })).toMatchObject({
      look: "paused",
      text: sign.paused("Noor"),
      act: { act: "stop" },
    });
    expect(shown({ phase: "paused", answer: undefined })).toMatchObject({
      text: sign.pausedYou,
      act: { act: "answer" },
    });
    expect(shown({ phase: "paused" })?.text).toBe(sign.pausedLine);
    const waiting = shown({ phase: "paused", proposal: undefined, answer: undefined });
    expect(waiting).toEqual({ look: "paused", text: sign.pausedPlain });
  });

  it("says that pictures are not recorded while they are not", () => {
    const on = { phase: "recording", isOn: true, safeMs: 5000 } as const;
    expect(shown({ ...on, isSoundOnly: true })).toMatchObject({
      look: "on",
      text: sign.soundOnly(spanOf(5000)),
    });
    expect(shown({ ...on, isSoundOnly: false })?.text).toBe(sign.on(spanOf(5000)));
  });

  it("tells how it ended until that was read", () => {
    const over = recording({ phase: "ended", end: "stopped", safeMs: 47_000 });
    expect(signOf(over, undefined)).toMatchObject({ look: "plain", act: { act: "dismiss" } });
    expect(signOf(over, "a")).toBeUndefined();
    expect(signOf(over, "b")).toBeDefined();
    expect(shown({ phase: "ended", end: "failed" })?.look).toBe("caution");
  });
});

describe("the end of a recording", () => {
  it("is told by its reason, with what is safe", () => {
    const of = (more: Partial<RecordingState>) =>
      endOf(recording({ phase: "ended", safeMs: 47_000, ...more }));
    expect(of({ end: "stopped" })).toBe(ended.stopped(spanOf(47_000)));
    expect(of({ end: "gone" })).toBe(ended.gone(spanOf(47_000)));
    expect(of({ end: "failed" })).toBe(ended.failed(spanOf(47_000)));
    expect(of({ end: "full", hoursLeft: 1 })).toBe(ended.fullHours(1));
    expect(of({ end: "full" })).toBe(ended.full);
    expect(of({ end: "stopped", safeMs: 0 })).toBe(ended.none);
  });

  it("tells whoever asked for it that room is getting short, and nobody else", () => {
    const stopped = { phase: "ended", end: "stopped", safeMs: 47_000, hoursLeft: 3 } as const;
    const { proposal } = recording({});
    const own = endOf(recording({ ...stopped, proposal: { ...proposal!, isOwn: true } }));
    expect(own).toBe(`${ended.stopped(spanOf(47_000))} ${ended.low(3)}`);
    expect(endOf(recording({ ...stopped, proposal: { ...proposal!, isOwn: false } }))).toBe(
      ended.stopped(spanOf(47_000)),
    );
  });

  it("is nothing where nothing was kept", () => {
    const of = (more: Partial<RecordingState>) => endOf(recording({ phase: "ended", ...more }));
    expect(of({ end: "gone", safeMs: 0 })).toBe(ended.none);
  });
});

describe("a question", () => {
  it("is open for whoever has not answered what was signed", () => {
    expect(isAsked({ recording: recording({ answer: undefined }) })).toBe(true);
    for (const more of [
      { answer: "yes" },
      { answer: "no" },
      { answer: undefined, phase: "ended" },
      { answer: undefined, proposal: undefined },
    ] as const)
      expect(isAsked({ recording: recording(more) })).toBe(false);
    expect(isAsked({ recording: undefined })).toBe(false);
  });
});

describe("the words of a recording", () => {
  it("say how long, who and what", () => {
    const spans = [0, 12_999, 60_000, 125_000].map(spanOf);
    expect(spans).toEqual(["0 s", "12 s", "1 min", "2 min 5 s"]);
    expect(listed(["Omar", "Noor", "Li"])).toBe("Omar, Noor and Li");
    expect(sourcesOf({ microphone: true, camera: true, screen: false })).toBe("sound and picture");
    expect(sourcesOf({ microphone: false, camera: false, screen: true })).toBe("shared screen");
  });
});

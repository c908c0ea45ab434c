import type { Person, RecordingState, SessionState } from "@rapport/client";
import { describe, expect, it } from "vitest";
import { words } from "../words/en";
import { recordingWords, spanOf } from "../words/recording";
import { announcements } from "./announce";

const person = (id: number, name: string, more: Partial<Person> = {}): Person => ({
  id,
  name,
  standing: "guest",
  you: false,
  microphone: true,
  camera: true,
  screen: false,
  speaking: false,
  hand: false,
  line: "good",
  connection: "live",
  seal: "open",
  audioStreams: [],
  ...more,
});
const room = (people: Person[], more: Partial<SessionState> = {}): SessionState => ({
  phase: "live",
  people,
  locked: false,
  standing: "admitted",
  isHeld: false,
  isHostAuthenticated: true,
  hosts: [],
  waiting: [],
  links: [],
  notices: [],
  isLasting: true,
  canRecord: false,
  recording: undefined,
  ...more,
});
const you = person(1, "Ada", { you: true });

describe("announcements", () => {
  it("does not read the whole list out to somebody who comes in", () => {
    const now = room([you, person(2, "Ben")]);
    expect(announcements(undefined, now)).toEqual([]);
    expect(announcements(room([], { phase: "joining" }), now)).toEqual([]);
  });

  it("names who comes and who goes", () => {
    expect(announcements(room([you]), room([you, person(2, "Ben")]))).toEqual([words.heard.joined("Ben")]);
    expect(announcements(room([you, person(2, "Ben")]), room([you]))).toEqual([words.heard.left("Ben")]);
  });

  it("names a listener for what it is", () => {
    const listener = person(3, "", { standing: "listener" });
    expect(announcements(room([you]), room([you, listener]))).toEqual([words.heard.listener]);
    expect(announcements(room([you, listener]), room([you]))).toEqual([]);
  });

  it("says a raised hand once, and nothing of speaking", () => {
    const ben = person(2, "Ben");
    const up = person(2, "Ben", { hand: true, speaking: true });
    expect(announcements(room([you, ben]), room([you, up]))).toEqual([words.heard.hand("Ben")]);
    expect(announcements(room([you, up]), room([you, up]))).toEqual([]);
    expect(announcements(room([you, up]), room([you, ben]))).toEqual([]);
  });

  it("says once whose link does not match", () => {
    const ben = person(2, "Ben", { seal: "waiting" });
    const wrong = person(2, "Ben", { seal: "wrong_key" });
    expect(announcements(room([ben]), room([wrong]))).toEqual([words.heard.wrongKey("Ben")]);
    expect(announcements(room([wrong]), room([wrong]))).toEqual([]);
  });

  it("says that it is recorded, paused and over, each once, and names nobody", () => {
    const asked: RecordingState = {
      recording: "a",
      phase: "proposed",
      isOn: false,
      proposal: undefined,
      answer: "yes",
      missing: [],
      safeMs: 0,
      end: undefined,
      hoursLeft: undefined,
      isSoundOnly: false,
    };
    const on = { ...asked, phase: "recording", isOn: true } as const;
    const paused: RecordingState = { ...asked, phase: "paused", missing: ["Ben"] };
    const over = { ...asked, phase: "ended", end: "stopped", safeMs: 47_400 } as const;
    const said = (before: RecordingState | undefined, now: RecordingState | undefined) =>
      announcements(room([you], { recording: before }), room([you], { recording: now }));
    expect(said(undefined, asked), "the dialog asks").toEqual([]);
    expect(said(asked, { ...on, phase: "starting" })).toEqual([recordingWords.heard.on]);
    expect(said({ ...on, phase: "starting" }, on)).toEqual([]);
    expect(said(on, { ...on, safeMs: 9000 }), "not each second").toEqual([]);
    expect(said(on, paused)).toEqual([recordingWords.heard.paused]);
    expect(said(on, { ...paused, isOn: true })).toEqual([recordingWords.heard.paused]);
    expect(said({ ...paused, isOn: true }, paused)).toEqual([]);
    expect(said(paused, on)).toEqual([recordingWords.heard.on]);
    expect(said(on, over)).toEqual([recordingWords.ended.stopped(spanOf(47_000))]);
    expect(said(over, over)).toEqual([]);
    expect(said(undefined, over)).toEqual([]);
  });

  it("tells of lost and found connections, of the own one that it is found", () => {
    const ben = person(2, "Ben");
    const away = person(2, "Ben", { connection: "away" });
    expect(announcements(room([ben]), room([away]))).toEqual([words.heard.away("Ben")]);
    expect(announcements(room([away]), room([ben]))).toEqual([words.heard.back("Ben")]);
    const lost = room([ben], { phase: "reconnecting" });
    expect(announcements(room([ben]), lost), "the notice says it").toEqual([]);
    expect(announcements(lost, room([ben]))).toEqual([words.heard.reconnected]);
  });
});

import { describe, expect, it } from "vitest";
import { bannerOf, type Situation } from "./banner";

const calm: Situation = {
  phase: "live",
  seconds: 0,
  soundBlocked: false,
  microphoneLost: false,
  cameraLost: false,
  mutedSpeaking: false,
  sharing: false,
};
const all: Situation = {
  ...calm,
  soundBlocked: true,
  microphoneLost: true,
  cameraLost: true,
  fault: "x",
  mutedSpeaking: true,
  sharing: true,
};
const acts = (situation: Situation) => bannerOf(situation)?.acts.map((way) => way.act);

describe("bannerOf", () => {
  it("is silent when all is well", () => {
    expect(bannerOf(calm)).toBeUndefined();
  });

  it("puts the connection before everything", () => {
    expect(bannerOf({ ...all, phase: "reconnecting" })?.key).toBe("reconnecting");
    expect(bannerOf({ ...all, phase: "joining" })?.key).toBe("joining");
  });

  it("gives a way out of every wait after ten seconds, not before", () => {
    for (const phase of ["joining", "reconnecting"] as const) {
      expect(acts({ ...calm, phase, seconds: 9 })).toEqual([]);
      expect(acts({ ...calm, phase, seconds: 10 })).toEqual(["again", "leave"]);
    }
  });

  it("counts the seconds of a lost connection without becoming another notice", () => {
    const at = (seconds: number) => bannerOf({ ...calm, phase: "reconnecting", seconds });
    expect(at(7)?.text).toContain("7");
    expect(at(7)?.key).toBe(at(8)?.key);
  });

  it("is another notice when it says something else: it is read out then", () => {
    const key = (now: Partial<Situation>) => bannerOf({ ...calm, ...now })?.key;
    expect(key({ phase: "joining", seconds: 9 })).not.toBe(key({ phase: "joining", seconds: 10 }));
    expect(key({ fault: "x" })).not.toBe(key({ fault: "y" }));
  });

  it("shows one after the other: hearing, being heard, the rest", () => {
    const keys: (string | undefined)[] = [];
    const rest = { ...all };
    for (const solved of [
      "soundBlocked",
      "microphoneLost",
      "cameraLost",
      "fault",
      "mutedSpeaking",
      "sharing",
    ] as const) {
      keys.push(bannerOf(rest)?.key);
      Object.assign(rest, { [solved]: solved === "fault" ? undefined : false });
    }
    expect(keys).toEqual(["blocked", "lost", "camera lost", "fault: x", "muted", "sharing"]);
    expect(bannerOf(rest)).toBeUndefined();
  });
});

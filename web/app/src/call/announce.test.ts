import type { Person, SessionState } from "@rapport/client";
import { describe, expect, it } from "vitest";
import { words } from "../words/en";
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

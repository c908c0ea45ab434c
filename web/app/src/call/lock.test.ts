import type { Person, SessionState, Trust } from "@rapport/client";
import { expect, it } from "vitest";
import { lockOf } from "./lock";

const TRUST: Trust = {
  stay: "s",
  deviceId: "d",
  role: "guest",
  link: "own_link",
  familiarity: "new",
  words: ["one", "two", "three", "four", "five"],
  isUnconfirmed: false,
  records: false,
};

function state(others: Partial<Trust>[], more: Partial<SessionState> = {}): SessionState {
  const people = others.map((trust) => ({ trust: { ...TRUST, ...trust } }) as Person);
  return { phase: "live", standing: "admitted", isHeld: false, people, ...more } as SessionState;
}

it("is sealed, and verified when the words were compared with everybody who has some", () => {
  expect(lockOf(state([]))).toBe("sealed");
  expect(lockOf(state([{}]))).toBe("sealed");
  expect(lockOf(state([{ familiarity: "verified" }]))).toBe("verified");
  expect(lockOf(state([{ familiarity: "verified" }, { familiarity: "known" }]))).toBe("sealed");
  expect(lockOf(state([{ familiarity: "verified" }, { words: undefined }]))).toBe("verified");
  expect(lockOf(state([{ words: undefined }]))).toBe("sealed");
});

it("tells the worst of all", () => {
  const verified = { familiarity: "verified" } as const;
  expect(lockOf(state([verified, { isUnconfirmed: true }]))).toBe("unconfirmed");
  expect(lockOf(state([verified, { isUnconfirmed: true }, { familiarity: "changed" }]))).toBe("changed");
  expect(lockOf(state([verified], { isHeld: true }))).toBe("unconfirmed");
});

it("says nothing before one is in", () => {
  expect(lockOf(state([], { phase: "joining" }))).toBe("connecting");
  expect(lockOf(state([], { standing: "waiting" }))).toBe("connecting");
});

import { expect, it } from "vitest";
import { words } from "../words/en";
import { joinLabel } from "./way";

it("names what is missing on the button, so that nobody is surprised inside", () => {
  const label = (microphone: boolean, camera: boolean) => joinLabel({ asked: true, microphone, camera });
  expect(label(true, true)).toBe(words.lobby.join);
  expect(label(true, false)).toBe(words.lobby.joinSound);
  expect(label(false, true)).toBe(words.lobby.joinSeen);
  expect(label(false, false)).toBe(words.lobby.joinSilent);
});

it("says before the question that both will be off", () => {
  expect(joinLabel({ asked: false, microphone: false, camera: false })).toBe(words.lobby.joinNothing);
});

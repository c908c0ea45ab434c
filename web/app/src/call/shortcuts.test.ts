import { describe, expect, it } from "vitest";
import { shortcutOf, type Key } from "./shortcuts";

const press = (key: string, more: Partial<Key> = {}): Key => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  target: null,
  ...more,
});
const inside = { closest: () => ({}) } as unknown as EventTarget;

describe("shortcutOf", () => {
  it("knows its keys, with caps lock too", () => {
    expect(["m", "v", "s", "h", "p", "M"].map((key) => shortcutOf(press(key)))).toEqual([
      "microphone",
      "camera",
      "screen",
      "hand",
      "people",
      "microphone",
    ]);
    expect(shortcutOf(press("x"))).toBeUndefined();
  });

  it("leaves the browser's own keys alone", () => {
    expect(shortcutOf(press("s", { ctrlKey: true }))).toBeUndefined();
    expect(shortcutOf(press("h", { metaKey: true }))).toBeUndefined();
    expect(shortcutOf(press("v", { altKey: true }))).toBeUndefined();
  });

  it("does nothing while somebody types, or holds a key down", () => {
    expect(shortcutOf(press("m", { target: inside }))).toBeUndefined();
    expect(shortcutOf(press("m", { repeat: true }))).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import { words } from "./en";
import { recordingWords } from "./recording";

// Whether a code has no words at all is for the compiler: the catalogue is typed over every code.

function sentences(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "function") return sentences((value as (...of: unknown[]) => unknown)("Omar"));
  return Object.values(value as object).flatMap(sentences);
}

describe("the words", () => {
  it("stay calm: no exclamation marks, no pictures, nothing empty", () => {
    for (const sentence of sentences([words, recordingWords])) {
      expect(sentence).not.toMatch(/!|\p{Extended_Pictographic}/u);
      expect(sentence.trim()).not.toBe("");
    }
  });

  it("speak no jargon", () => {
    for (const sentence of sentences([words, recordingWords])) {
      expect(sentence).not.toMatch(
        /\b(SFU|peer|token|codec|WebRTC|WebSocket|ICE|socket|signaling|participant)\b/i,
      );
    }
  });

  it("say in every error what to do now", () => {
    const kinds = Object.values(words.devices).flatMap((kind) => Object.values(kind));
    for (const trouble of [...kinds, ...Object.values(words.links), ...Object.values(words.endings)]) {
      expect(trouble.todo).toMatch(/\.$/);
      expect(trouble.title).not.toMatch(/\.$/);
    }
  });

  it("use one sentence for one way in which a call can end", () => {
    const titles = Object.entries(words.endings).map(([, ending]) => `${ending.title} ${ending.why ?? ""}`);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

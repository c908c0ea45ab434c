// Recordings that were never made, and a player that plays none.

import type { ListedRecording } from "@rapport/client";
import type { ReviewFace } from "../src/review/face";
import { fakePerson, fakePicture, fakeYou } from "./fakes";

const BEGUN = Date.UTC(2027, 4, 3, 14, 5);

export function fakeShelf(): ListedRecording[] {
  const of = (at: number, more: Partial<ListedRecording>): ListedRecording => ({
    id: `${at}5f0c3a7`.repeat(4),
    begun: BEGUN - at * 7 * 86_400_000,
    purpose: "roleplay",
    expires: BEGUN / 1000 + (14 - at * 7) * 86_400,
    safeMs: 1_125_000 * (at + 1),
    hasEnded: true,
    isShredded: false,
    isHeld: false,
    files: ["capture-000.mkv"],
    ...more,
  });
  return [
    of(0, { hasEnded: false, safeMs: 42_000 }),
    of(1, {}),
    of(2, { purpose: "supervision" }),
    of(3, { purpose: "activity", isShredded: true }),
    of(4, { isHeld: true, files: [] }),
  ];
}

export function fakePlayer(count: number, more: Partial<ReviewFace> = {}): ReviewFace {
  const nothing = () => undefined;
  const names = [fakeYou(), fakePerson(1), fakePerson(7)].slice(0, count).map(({ name }) => name);
  return {
    purpose: "roleplay",
    begun: BEGUN,
    reviewed: {
      people: names.map((name, at) => ({ name, isYou: at === 0 })),
      tracks: [],
      agreement: {
        purpose: "roleplay",
        until: BEGUN + 14 * 86_400_000,
        answers: names.map((name, at) => ({ name, answer: "yes", at: BEGUN - 60_000 + at * 9_000 })),
        openers: [
          { role: "therapist", name: names[0]! },
          { role: "clinic", name: "" },
        ],
      },
    },
    fault: undefined,
    people: names.map((name, at) => ({
      name,
      isYou: at === 0,
      pictures: [{ element: playing(at), isShown: !more.isSoundOnly && at < 2 }],
      isUnseen: false,
    })),
    positionMs: 754_000,
    durationMs: 2_250_000,
    isPlaying: false,
    isWaiting: false,
    isSoundOnly: false,
    rate: 1,
    toggle: nothing,
    seek: nothing,
    setRate: nothing,
    setSoundOnly: nothing,
    again: nothing,
    ...more,
  };
}

/** The second one is upright, as from a phone. */
function playing(index: number): HTMLVideoElement {
  const element = document.createElement("video");
  element.muted = true;
  element.autoplay = true;
  element.srcObject = fakePicture(index, index === 1);
  return element;
}

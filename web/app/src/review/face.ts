// What the view of a recording shows and asks for: the player is one, the lab has another.
//
// Owns: shapes. Never does: anything.

import type { Place, Purpose, Reviewed, ReviewCode } from "@rapport/client";

export interface Watched {
  name: string;
  isYou: boolean;
  /** Camera and shared screen; empty where only sound was recorded. */
  pictures: { element: HTMLVideoElement; isShown: boolean }[];
  /** There is a picture, and no browser shows it. */
  isUnseen: boolean;
}

export interface ReviewFace {
  readonly purpose: Purpose;
  /** Unix ms. */
  readonly begun: number;
  /** Undefined while it is opened and checked. */
  reviewed: Reviewed | undefined;
  fault: { code: ReviewCode; detail: string; place: Place } | undefined;
  people: Watched[];
  positionMs: number;
  durationMs: number;
  isPlaying: boolean;
  /** It is to play, and what comes next is not there yet. */
  isWaiting: boolean;
  isSoundOnly: boolean;
  rate: number;
  toggle(): void;
  seek(ms: number): void;
  setRate(rate: number): void;
  setSoundOnly(soundOnly: boolean): void;
  again(): void;
}

export const RATES = [1, 1.25, 1.5];

/** Of the keys and buttons that go back and forward. */
export const STEP_MS = 10_000;

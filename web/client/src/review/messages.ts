// What the page and the worker that reads a recording say to each other.
//
// Owns: shapes. Never does: send.

import type { Purpose, RecipientRole } from "../keys/recording-messages.ts";
import type { Place, ReviewCode } from "./fault.ts";
import type { Holder } from "./keyring.ts";

export interface Opening {
  /** Where its files are: `/api/v1/rooms/…/recordings/…`, as a whole address. */
  address: string;
  token: string;
  room: string;
  /** 32 hexadecimal digits. */
  id: string;
  /** Of the media, in their order. */
  files: string[];
  holder: Holder;
}

/** A person, and what of them there is. */
export interface ReviewPerson {
  name: string;
  isYou: boolean;
}

export interface ReviewTrack {
  /** From 1. */
  number: number;
  /** Of `people`; undefined: nobody who gave out a key, so nothing of it is there. */
  person: number | undefined;
  kind: "sound" | "picture";
  /** For a source buffer, if the browser has that codec. */
  mimeType: string;
}

/** What was agreed to, by signatures. */
export interface ReviewAgreement {
  purpose: Purpose;
  /** Unix ms: after that it is destroyed. */
  until: number;
  /** Unix ms, by the server's clock. */
  answers: { name: string; answer: "yes" | "no"; at: number }[];
  openers: { role: RecipientRole; name: string }[];
}

export interface Reviewed {
  people: ReviewPerson[];
  tracks: ReviewTrack[];
  agreement: ReviewAgreement;
}

export type ToReviewWorker =
  | ({ type: "open" } & Opening)
  /** Plays from there on, these tracks; what comes under an earlier round is of before. */
  | { type: "seek"; round: number; ms: number; tracks: number[] }
  /** What is shown at the moment: a little more than that is read. */
  | { type: "head"; ms: number }
  /** Instead of one that the server does not take any more. */
  | { type: "token"; token: string | undefined };

export type FromReviewWorker =
  | { type: "opened"; reviewed: Reviewed }
  /** To be appended to the source buffer of this track. */
  | { type: "media"; round: number; track: number; bytes: ArrayBuffer }
  /** Something of this track follows: each picture has a track for every codec, and most are empty. */
  | { type: "found"; round: number; track: number }
  /** All up to there was given. */
  | { type: "read"; round: number; ms: number }
  /** Nothing of anybody was recorded in between. */
  | { type: "gap"; round: number; from: number; to: number }
  | { type: "end"; round: number; ms: number }
  | { type: "stale" }
  | { type: "fault"; code: ReviewCode; detail: string; place: Place };

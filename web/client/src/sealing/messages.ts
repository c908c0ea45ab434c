// What the page and its sealing worker say to each other.
//
// Owns: shapes. Never does: send.

import type { SenderKey } from "./keys.ts";

/** Why a received frame went no further. */
export type Rejection =
  | "clear" // no header of a sender of ours where one must be
  | "no_key" // well formed, under a key that is not here (yet)
  | "unauthenticated"; // not what the holder of this key sealed

/** What the worker did so far, over all senders and receivers. */
export interface SealingCounts {
  /** Frames sealed and passed on to be sent. */
  sealed: number;
  /** Own frames that were not sent: no key yet, held back, empty, of an unknown codec, or beyond what the layout holds. */
  dropped: number;
  /** Frames opened and passed on to a decoder. */
  opened: number;
  /** Received frames that were not opened. */
  rejected: number;
  /** Received frames that had been opened before. */
  replayed: number;
  /** Microseconds spent on all sealed frames together, waiting for the browser's cryptography included. */
  sealMicros: number;
  /** The same for opened frames. */
  openMicros: number;
}

/** Before the first frame. */
export function noCounts(): SealingCounts {
  return { sealed: 0, dropped: 0, opened: 0, rejected: 0, replayed: 0, sealMicros: 0, openMicros: 0 };
}

/** Tells a transformer what it is: the `options` of RTCRtpScriptTransform. */
export interface TransformOptions {
  direction: "send" | "receive";
  id: number;
}

export type ToWorker =
  | { type: "start"; firstCounter: number }
  | ({ type: "send_key" } & SenderKey)
  | ({ type: "receive_key" } & SenderKey)
  | { type: "forget"; sender: number }
  | { type: "forget_key"; kid: number }
  /** Nothing is sent for now, whatever key is there. */
  | { type: "hold"; held: boolean }
  | { type: "key_frames" }
  /** This transceiver is stopped: nothing of it is counted any more. */
  | { type: "drop"; id: number }
  /** Whoever is opened next on this receiver is told again, the same or another. */
  | { type: "retell"; id: number }
  | { type: "report"; round: number };

export type FromWorker =
  | { type: "opened"; id: number; sender: number }
  | { type: "rejected"; id: number; reason: Rejection; kid?: number; count: number }
  /** This browser's frames in this direction do not tell their codec: none of them can be sealed, or opened. */
  | { type: "no_codec"; direction: TransformOptions["direction"]; frames: number }
  /** These senders' transformers cannot ask their encoders: the page has to. */
  | { type: "key_frames"; ids: number[] }
  /** `sealed` is [sender's id, frames sealed]. */
  | { type: "report"; round: number; counts: SealingCounts; sealed: [number, number][] };

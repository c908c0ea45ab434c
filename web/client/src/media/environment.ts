// What this browser, at this address, can do.
//
// Owns: the questions. Never does: ask the user anything.

import { canSeal } from "../sealing/index.ts";

export interface Environment {
  /** HTTPS or loopback: elsewhere a browser gives neither devices nor keys. */
  secure: boolean;
  /** Frames can be sealed; without it there is no call. */
  canSeal: boolean;
  /** Microphones and cameras can be asked for. */
  hasDevices: boolean;
  /** A screen can be shared. */
  screen: boolean;
  /** The page may choose the speaker. */
  speakerChoice: boolean;
}

export function environment(): Environment {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  return {
    secure: isSecureContext,
    canSeal: canSeal(),
    hasDevices: typeof devices?.getUserMedia === "function",
    screen: typeof devices?.getDisplayMedia === "function",
    speakerChoice: "setSinkId" in HTMLMediaElement.prototype,
  };
}

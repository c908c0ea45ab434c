// What is wrong with typed words, as a sentence.
//
// Owns: the choice of it. Never does: word it.

import type { KitFault } from "@rapport/client";
import { clinic } from "../words/clinic";

export function kitFault(fault: KitFault): string {
  switch (fault.code) {
    case "count":
      return clinic.kitFaults.count(fault);
    case "unknown_word":
      return clinic.kitFaults.unknown_word(fault);
    case "check":
      return clinic.kitFaults.check(fault);
  }
}

/** Why keys could not be made: without the cryptography a browser throws a `DOMException`, and else it lacks a file. */
export function cannot(cause: unknown): "unsupported" | "unloaded" {
  return cause instanceof DOMException ? "unsupported" : "unloaded";
}

/** A day, as people write it where they are. `unixSeconds` is Unix time. */
export function dayOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toLocaleDateString(undefined, { dateStyle: "long" });
}

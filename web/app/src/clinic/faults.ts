// What is wrong with typed words, as a sentence.
//
// Owns: the choice of it. Never does: word it.

import type { BackupFault, KitFault } from "@rapport/client";
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

/** What of a backup is wrong, and what is to be said of it. */
export function backupFault(fault: BackupFault): { of: "words" | "file"; text: string } {
  switch (fault.code) {
    case "damaged":
      return { of: "file", text: clinic.openBackup.damaged };
    case "other_words":
      return { of: "words", text: clinic.openBackup.otherWords };
    default:
      return { of: "words", text: kitFault(fault) };
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

// What the sign of the lock says.
//
// Owns: the judgement, from what is proven of everybody. Never does: draw.

import type { SessionState } from "@rapport/client";

export type Lock =
  | "connecting"
  | "changed" // somebody came with another device than before, and nobody has compared words
  | "unconfirmed" // not sure that everybody sees the same people
  | "verified" // words were compared with everybody
  | "sealed";

/** The worst that holds for anybody. */
export function lockOf({ phase, standing, people, isHeld }: SessionState): Lock {
  if ((phase !== "live" && phase !== "reconnecting") || standing !== "admitted") return "connecting";
  const others = people.flatMap(({ trust }) => (trust ? [trust] : []));
  if (others.some(({ familiarity }) => familiarity === "changed")) return "changed";
  if (isHeld || others.some(({ isUnconfirmed }) => isUnconfirmed)) return "unconfirmed";
  // guests know each other by the host's word: there are words only with hosts, and between hosts
  const compared = others.filter(({ words }) => words !== undefined);
  const all = compared.length > 0 && compared.every(({ familiarity }) => familiarity === "verified");
  return all ? "verified" : "sealed";
}

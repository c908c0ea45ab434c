// What a closed socket means for the call.
//
// Owns: that table. Never does: act on it.

import type { EndCode } from "../session/types.ts";
import { CLOSE_CODES, type CloseReason } from "./protocol.ts";

/** What to do. */
export type Outcome =
  /** The session may still be there: take it up on another socket. */
  | { then: "resume" }
  /** It is gone, and may be begun anew. `otherwise` is what to say if that does not work for too long. */
  | { then: "rejoin"; otherwise: EndCode }
  /** The token is not good (any more): with a fresh one it may work; `otherwise` is for when there is none. */
  | { then: "renew"; otherwise: EndCode }
  | { then: "end"; code: EndCode };

/** Reads a close frame: the server's reason if it gives one, else what the code says by itself. */
export function outcomeOf(close: { code: number; reason: string }): Outcome {
  const reason = reasonOf(close);
  return reason ? OUTCOMES[reason] : { then: "resume" };
}

function reasonOf({ code, reason }: { code: number; reason: string }): CloseReason | undefined {
  const name = reason.split(":", 1)[0];
  const known = REASONS.find((candidate) => candidate === name);
  // A proxy may swallow the words, but not the number. 1000 without words is not the server's `left`.
  return (
    known ??
    (code === CLOSE_CODES.left ? undefined : REASONS.find((candidate) => CLOSE_CODES[candidate] === code))
  );
}

const REASONS = Object.keys(CLOSE_CODES) as CloseReason[];

const OUTCOMES: Record<CloseReason, Outcome> = {
  left: { then: "end", code: "left" },
  malformed: { then: "end", code: "fault" },
  unauthorized: { then: "renew", otherwise: "refused" },
  expired: { then: "renew", otherwise: "expired" },
  forbidden: { then: "end", code: "refused" },
  no_session: { then: "rejoin", otherwise: "server_gone" },
  room_full: { then: "end", code: "room_full" },
  room_locked: { then: "end", code: "room_locked" },
  room_unsealed: { then: "end", code: "room_unsealed" },
  ended: { then: "end", code: "ended" },
  removed: { then: "end", code: "removed" },
  replaced: { then: "end", code: "replaced" },
  offer: { then: "end", code: "fault" },
  too_much: { then: "end", code: "fault" },
  // A laptop that slept read nothing for a while: no reason to stay away.
  too_slow: { then: "rejoin", otherwise: "server_gone" },
  // Only this socket was silent; the session behind it waits.
  silent: { then: "resume" },
  media_lost: { then: "rejoin", otherwise: "media_blocked" },
  unavailable: { then: "rejoin", otherwise: "server_gone" },
  internal: { then: "rejoin", otherwise: "fault" },
};

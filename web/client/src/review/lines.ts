// The files beside the media: one JSON object a line, each with a message of SK-1 (RECORDING.md, section 5).
//
// Owns: their form. Never does: believe a message.

import { parse, type Parsed } from "../keys/messages.ts";
import { ReviewFault } from "./fault.ts";

export interface Line {
  parsed: Parsed;
  /** When the server wrote it, in ms since 1970; of consents alone. */
  at: number;
  line: number;
}

/** Every line once: after a failure of its disk the server writes all of them again. Throws `ReviewFault`. */
export function readLines(file: string, text: string): Line[] {
  const known = new Set<string>();
  // what stands behind the last end of a line is torn
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((json, index) => {
    const { message, at } = objectOf(json);
    const parsed = typeof message === "string" ? parse(message) : undefined;
    if (typeof message !== "string" || !parsed) throw damaged(file, index + 1, "a line that can't be read");
    if (known.has(message)) return [];
    known.add(message);
    return [{ parsed, at: typeof at === "number" ? at : 0, line: index + 1 }];
  });
}

export function damaged(file: string, line: number, detail: string): ReviewFault {
  return new ReviewFault("damaged", detail, { file, line });
}

function objectOf(json: string): Record<string, unknown> {
  try {
    return (JSON.parse(json) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

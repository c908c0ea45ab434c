// Which recordings of a room there are.
//
// Owns: asking the server. Never does: believe what it says of one; that is in the recording, by signatures.

import type { Purpose } from "../keys/recording-messages.ts";

export interface ListedRecording {
  /** 32 hexadecimal digits. */
  id: string;
  /** Unix ms. */
  begun: number;
  purpose: Purpose;
  /** Unix seconds. */
  expires: number;
  safeMs: number;
  hasEnded: boolean;
  /** Its keys are destroyed: nobody opens it any more. */
  isShredded: boolean;
  /** It is kept beyond its time, until the clinic says otherwise. */
  isHeld: boolean;
  /** Of the media, in their order; none where they are kept elsewhere. */
  files: string[];
}

export interface Listing {
  room: string;
  /** Of a host. */
  token: string;
  origin?: string;
}

/** The newest first. Throws where the server gives none. */
export async function listRecordings({ room, token, origin }: Listing): Promise<ListedRecording[]> {
  const response = await fetch(addressOf(room, origin), {
    headers: { authorization: `Bearer ${token}` },
    credentials: "omit",
    referrerPolicy: "no-referrer",
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const listed: unknown = await response.json();
  return Array.isArray(listed) ? listed.flatMap((one) => recordingOf(one) ?? []) : [];
}

/** Where the files of one are. */
export function addressOf(room: string, origin: string = location.origin, id?: string): string {
  const all = `/api/v1/rooms/${encodeURIComponent(room)}/recordings`;
  return new URL(id === undefined ? all : `${all}/${id}`, origin).href;
}

function recordingOf(value: unknown): ListedRecording | undefined {
  const { id, begun, purpose, expires, safe_ms, ended, shredded, held, files } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const isWhole =
    typeof id === "string" &&
    /^[0-9a-f]{32}$/.test(id) &&
    typeof begun === "number" &&
    typeof purpose === "string" &&
    Object.hasOwn(PURPOSES, purpose) &&
    typeof expires === "number" &&
    typeof safe_ms === "number" &&
    Array.isArray(files);
  if (!isWhole) return undefined;
  return {
    id,
    begun,
    purpose: PURPOSES[purpose]!,
    expires,
    safeMs: safe_ms,
    hasEnded: ended === true,
    isShredded: shredded === true,
    isHeld: held === true,
    files: files.filter((file) => typeof file === "string"),
  };
}

/** As the server writes them. */
const PURPOSES: Record<string, Purpose> = {
  calm: "activity",
  meditation: "meditation",
  role_play: "roleplay",
  supervision: "supervision",
};

const ANSWER_TIMEOUT_MS = 10_000;

// The files that this server names, and the number by which people compare them.
//
// Owns: the reading of the list. Never does: check a file; a page that came from the server can't vouch for itself.

import { spelt } from "@rapport/client";

export interface Files {
  /** The first 16 bytes of the list's SHA-256, in groups of four digits. */
  number: string;
  entries: { hash: string; name: string }[];
}

/** Of a list in the form of `sha256sum`; nothing if it is none. */
export async function filesOf(list: Uint8Array<ArrayBuffer>): Promise<Files | undefined> {
  const lines = new TextDecoder().decode(list).trimEnd().split("\n");
  const entries = lines.map((line) => /^([0-9a-f]{64}) {2}(\S+)$/.exec(line));
  if (!entries.every((entry) => entry !== null)) return undefined;
  return {
    number: spelt(new Uint8Array(await crypto.subtle.digest("SHA-256", list))),
    entries: entries.map(([, hash = "", name = ""]) => ({ hash, name })),
  };
}

/** Nothing where the server has no such list. */
export async function loadFiles(): Promise<Files | undefined> {
  try {
    const response = await fetch("/manifest.sha256", { cache: "no-cache" });
    return response.ok ? await filesOf(new Uint8Array(await response.arrayBuffer())) : undefined;
  } catch {
    return undefined;
  }
}

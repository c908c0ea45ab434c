// What this device remembers, if it is allowed to.
//
// Owns: the names in the browser's two storages. Never does: store a secret; that stays in the address.

/**
 * Of the running call, so that a reload of the tab goes straight back. Gone with the tab; but a tab that is copied or
 * restored brings it along, so whoever reads it asks first how the page came to be.
 */
export interface Kept {
  invitation: string;
  name: string;
  /** Ids of devices; absent: off, or none. An empty id is the browser's choice. */
  microphone?: string;
  camera?: string;
  speaker?: string;
  muted: boolean;
  /** When the tab was last in the call: Unix time in ms. */
  keptAt: number;
}

export function rememberedName(): string {
  return read(localStorageOrNone(), NAME) ?? "";
}

/** Nothing is kept unless the person asked for it. */
export function rememberName(name: string, wanted: boolean): void {
  write(localStorageOrNone(), NAME, wanted ? name : undefined);
}

export function singleKeys(): boolean {
  return read(localStorageOrNone(), KEYS) !== "off";
}

export function setSingleKeys(on: boolean): void {
  write(localStorageOrNone(), KEYS, on ? undefined : "off");
}

export function keptCall(invitation: string): Kept | undefined {
  const text = read(sessionStorageOrNone(), CALL);
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isKept(value) && value.invitation === invitation ? value : undefined;
  } catch {
    return undefined;
  }
}

export function keepCall(kept: Kept | undefined): void {
  write(sessionStorageOrNone(), CALL, kept && JSON.stringify(kept));
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null) return false;
  const { invitation, name, microphone, camera, speaker, muted, keptAt } = value as Record<string, unknown>;
  const optional = [microphone, camera, speaker].every((id) => id === undefined || typeof id === "string");
  const required = [typeof invitation, typeof name, typeof muted, typeof keptAt].join();
  return required === "string,string,boolean,number" && optional;
}

// Both storages throw at a touch where the user has shut them off; the pages go on without.

function localStorageOrNone(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

function sessionStorageOrNone(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

function read(storage: Storage | undefined, key: string): string | undefined {
  return storage?.getItem(key) ?? undefined;
}

function write(storage: Storage | undefined, key: string, value: string | undefined): void {
  try {
    if (value === undefined) storage?.removeItem(key);
    else storage?.setItem(key, value);
  } catch {
    // A full storage costs the convenience alone.
  }
}

const NAME = "rapport.name";
const KEYS = "rapport.keys";
const CALL = "rapport.call";

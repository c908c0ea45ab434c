// Whom this device has met before, and compared words with (SK-1.md, section 7).
//
// Owns: the judgement. Never does: store; see store.ts.

/** One device of one contact. */
export interface Contact {
  /** The link's id or the root's hash, and the name: what the other one claims to be. */
  contact: string;
  /** Hex. */
  deviceId: string;
  /** The words were compared. */
  compared: boolean;
}

/** How a device is shown. */
export type Familiarity =
  | "verified" // compared before, on this device
  | "known" // met before, under this contact
  | "new" // never, and nobody was met under this contact
  | "changed"; // never, but another device was met as this contact

export function familiarity(contacts: readonly Contact[], contact: string, deviceId: string): Familiarity {
  const met = contacts.filter((one) => one.contact === contact);
  // the words prove a device, whatever it calls itself
  if (contacts.some((one) => one.deviceId === deviceId && one.compared)) return "verified";
  if (met.some((one) => one.deviceId === deviceId)) return "known";
  return met.length === 0 ? "new" : "changed";
}

/** With one more, or with what is known of it made better; never worse. */
export function remembering(contacts: readonly Contact[], met: Contact): Contact[] {
  const isSame = (one: Contact) => one.contact === met.contact && one.deviceId === met.deviceId;
  const before = contacts.find(isSame);
  const compared = met.compared || (before?.compared ?? false);
  return [...contacts.filter((one) => !isSame(one)), { ...met, compared }].slice(-MOST_CONTACTS);
}

/** A practice's clients of years; the ones met longest ago go first. */
const MOST_CONTACTS = 2000;

// What a clinic's owner and a therapist do once, before there are sessions: make the root, certify devices, take a
// certificate.
//
// Owns: those steps, for a page. Never does: send or keep a root. Its seed is in the hands of the page that shows it.

import { fromBase64Url, toBase64Url } from "./base64.ts";
import { fromBackup, isBackup, newDevice } from "./keys/device.ts";
import { equal } from "./keys/encoding.ts";
import { kitOf, seedOf, type KitFault } from "./keys/kit.ts";
import { randomBytes } from "./keys/primitives.ts";
import { readRequest, spelt, writeRequest } from "./keys/request.ts";
import { certify, holdsAt, rootOf, signedCertificate, type Root } from "./keys/root.ts";
import { Store } from "./keys/store.ts";

export type { KitFault } from "./keys/kit.ts";

/** A clinic's root in the hands of its owner. */
export interface Clinic {
  /** What people know the clinic by, in groups of four digits. */
  number: string;
  root: Root;
}

/** Makes a root. The words are all that remains of it when the page is closed. */
export async function newClinic(): Promise<{ clinic: Clinic; words: string[] }> {
  const seed = randomBytes(32);
  const made = { clinic: await clinicOf(seed), words: await kitOf(seed) };
  seed.fill(0);
  return made;
}

/** The clinic of a recovery kit as somebody types it. */
export async function openKit(typed: string): Promise<Clinic | KitFault> {
  const seed = await seedOf(typed);
  if ("code" in seed) return seed;
  const clinic = await clinicOf(seed);
  seed.fill(0);
  return clinic;
}

/** A device that asks. */
export interface Asking {
  deviceId: Uint8Array<ArrayBuffer>;
  /** What people know the device by. */
  number: string;
}

/** Who asks by this text, or by the link that has it after its `#`; nothing if it is damaged. */
export async function askingDevice(text: string): Promise<Asking | undefined> {
  const request = await readRequest(behindHash(text));
  return request && { deviceId: request.deviceId, number: spelt(request.deviceId) };
}

/** A certificate for a therapist's device, as text. `days` from now. */
export async function certifyDevice(
  { root }: Clinic,
  { deviceId }: Asking,
  name: string,
  days: number,
  unixSeconds = nowSeconds(),
): Promise<string> {
  const notAfter = unixSeconds + days * DAY_SECONDS;
  return toBase64Url(await certify(root, { deviceId, name, notBefore: unixSeconds, notAfter }));
}

/** This browser as a therapist's device. */
export interface OwnDevice {
  number: string;
  /** To be given to the clinic's owner; no secret. */
  request: string;
  /** What it is certified as, if it is. */
  certified: Certified | undefined;
  /** Whether the browser keeps any of that; a private window does not. */
  lasting: boolean;
}

export interface Certified {
  name: string;
  clinic: string;
  /** Unix time in seconds. */
  notAfter: number;
  /** It is past its time, or before it. */
  expired: boolean;
}

/** Why a text does not certify this device. */
export type CertificateFault =
  | "damaged" // no certificate, cut off, or not signed by the root that it names
  | "other_device" // right, and made out to another one
  | "expired"; // past its time, or before it

/** A device that is not this browser's yet. */
export interface ComingDevice {
  number: string;
  /** Makes it this browser's, in the place of the one that was. */
  keep(): Promise<void>;
}

/** A device with its backup: the words are for paper, the file is no secret without them. */
export interface BackedUpDevice extends ComingDevice {
  words: string[];
  file: string;
}

/** Why a backup gives no device. */
export type BackupFault =
  | KitFault
  | { code: "damaged" } // no backup, or cut off
  | { code: "other_words" }; // right words, and not those of this backup

/** Whether this browser is a device already. */
export async function hasOwnDevice(store?: Store): Promise<boolean> {
  return (await (store ?? (await Store.ofPage())).knownDevice("host")) !== undefined;
}

/** Makes a device, and its backup before its keys become unreadable. Throws as `ownDevice`. */
export async function newOwnDevice(store?: Store): Promise<BackedUpDevice> {
  const kept = store ?? (await Store.ofPage());
  const { device, backUp } = await newDevice();
  const secret = randomBytes(32);
  const made = { words: await kitOf(secret), file: toBase64Url(await backUp(secret)) };
  secret.fill(0);
  return { ...made, number: spelt(device.id), keep: () => kept.keepDevice("host", device) };
}

/** The device of a backup: its words as somebody types them, and its file. */
export async function openBackup(
  typed: string,
  file: string,
  store?: Store,
): Promise<ComingDevice | BackupFault> {
  const kept = store ?? (await Store.ofPage());
  const secret = await seedOf(typed);
  if ("code" in secret) return secret;
  const backup = fromBase64Url(file.replace(/\s/g, ""));
  if (!backup || !isBackup(backup)) return { code: "damaged" };
  const device = await fromBackup(secret, backup);
  secret.fill(0);
  if (!device) return { code: "other_words" };
  return { number: spelt(device.id), keep: () => kept.keepDevice("host", device) };
}

/** Makes the device's keys if there are none. Throws a `DOMException` where the browser has not the cryptography. */
export async function ownDevice(store?: Store): Promise<OwnDevice> {
  const kept = store ?? (await Store.ofPage());
  const device = await kept.device("host");
  const certificate = await kept.certificate();
  const checked = certificate && (await certifiedBy(certificate, device.id));
  return {
    number: spelt(device.id),
    request: await writeRequest(device),
    certified: typeof checked === "object" ? checked : undefined,
    lasting: kept.lasting,
  };
}

/** What a text would make of this device. Nothing is kept. */
export async function lookAtCertificate(text: string, store?: Store): Promise<Certified | CertificateFault> {
  const device = await (store ?? (await Store.ofPage())).knownDevice("host");
  const bytes = fromBase64Url(behindHash(text));
  const checked: Certified | CertificateFault = bytes ? await certifiedBy(bytes, device?.id) : "damaged";
  return typeof checked === "object" && checked.expired ? "expired" : checked;
}

/** Keeps it: from now on this browser is a host of that clinic, and of no other. */
export async function takeCertificate(text: string, store?: Store): Promise<void> {
  const kept = store ?? (await Store.ofPage());
  const bytes = fromBase64Url(behindHash(text));
  if (!bytes || typeof (await lookAtCertificate(text, kept)) === "string")
    throw new Error("not a certificate of this device");
  await kept.keepCertificate(bytes);
}

async function certifiedBy(
  bytes: Uint8Array<ArrayBuffer>,
  deviceId: Uint8Array<ArrayBuffer> | undefined,
): Promise<Certified | CertificateFault> {
  const certificate = await signedCertificate(bytes);
  if (!certificate) return "damaged";
  if (!deviceId || !equal(certificate.deviceId, deviceId)) return "other_device";
  const { name, rootHash, notAfter } = certificate;
  return { name, clinic: spelt(rootHash), notAfter, expired: !holdsAt(certificate, nowSeconds()) };
}

async function clinicOf(seed: Uint8Array<ArrayBuffer>): Promise<Clinic> {
  const root = await rootOf(seed);
  return { number: spelt(root.hash), root };
}

/** Of a link, what stands after its `#`; else the text, without the blanks that come along when it is copied. */
function behindHash(text: string): string {
  return text.slice(text.indexOf("#") + 1).replace(/\s/g, "");
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

const DAY_SECONDS = 86_400;

// What a device shows to whoever holds the clinic's root, to be certified (SK-1.md, section 4).
//
// Owns: its form, and how devices and clinics are spelt for people to compare. Never does: prove anything; the number
// of the device is compared by people, and the certificate is of no use without the device's keys.

import { fromBase64Url, toBase64Url } from "../base64.ts";
import { deviceIdOf, type Device } from "./device.ts";
import { concat, equal, hex, u8, type Bytes } from "./encoding.ts";
import { hash } from "./primitives.ts";

/** A device that wants to be certified. */
export interface DeviceRequest {
  deviceId: Bytes;
  /** Ed25519, public. */
  signingKey: Bytes;
  /** X25519, public. */
  agreementKey: Bytes;
}

export async function writeRequest({
  signingKey,
  agreementKey,
}: Pick<Device, "signingKey" | "agreementKey">): Promise<string> {
  const body = concat(u8(VERSION), u8(KIND), signingKey, agreementKey);
  return toBase64Url(concat(body, await checkOf(body)));
}

/** Nothing if the text is no request, or a damaged one. */
export async function readRequest(text: string): Promise<DeviceRequest | undefined> {
  const bytes = fromBase64Url(text);
  if (bytes?.length !== BODY_BYTES + CHECK_BYTES || bytes[0] !== VERSION || bytes[1] !== KIND)
    return undefined;
  const body = bytes.slice(0, BODY_BYTES);
  if (!equal(bytes.slice(BODY_BYTES), await checkOf(body))) return undefined;
  const [signingKey, agreementKey] = [body.slice(2, 34), body.slice(34)];
  return { deviceId: await deviceIdOf(signingKey, agreementKey), signingKey, agreementKey };
}

/** The first 16 bytes, of bytes or of digits, in groups of four digits: 128 bits, for two people to compare. */
export function spelt(name: Uint8Array | string): string {
  const digits = typeof name === "string" ? name : hex(name);
  return digits.slice(0, 32).replace(/.{4}(?=.)/g, "$& ");
}

async function checkOf(body: Bytes): Promise<Bytes> {
  return (await hash("request", body)).slice(0, CHECK_BYTES);
}

const VERSION = 1;
const KIND = 0x21;
const BODY_BYTES = 2 + 32 + 32;
const CHECK_BYTES = 4;

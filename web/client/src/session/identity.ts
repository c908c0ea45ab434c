// Who somebody is in a call, before it begins: the device, and what the link proves.
//
// Owns: putting that together from the link and what this browser keeps. Never does: send any of it.

import { toBase64Url } from "../base64.ts";
import type { Contact } from "../keys/contacts.ts";
import type { Device } from "../keys/device.ts";
import { wordList } from "../keys/elevens.ts";
import type { Bytes } from "../keys/encoding.ts";
import type { Fragment } from "../keys/fragment.ts";
import { certify, checkCertificate, rootOf } from "../keys/root.ts";
import { Store } from "../keys/store.ts";

export interface CallIdentity {
  store: Store;
  device: Device;
  /** Of a host. */
  certificate?: Bytes;
  /** Absent for somebody who came without a link's secret. */
  link?: Fragment;
  contacts: readonly Contact[];
}

/** Gets ready what takes time, while somebody looks at the lobby: the device's keys, and the list of words. */
export async function prepareIdentity(standing: "host" | "guest"): Promise<void> {
  const store = await Store.ofPage();
  await Promise.all([store.device(standing), wordList()]);
}

/** This device is not certified by the clinic of the link, and so is no therapist's; `reason` says why not. */
export class NotCertified extends Error {
  override readonly name = "NotCertified";
  constructor(readonly reason: "none" | "expired" | "other_clinic") {
    super(reason);
  }
}

/** Throws a `DOMException` where the browser has not the cryptography, and `NotCertified`. */
export async function identityOf(
  standing: "host" | "guest",
  name: string,
  link: Fragment | undefined,
  store?: Store,
): Promise<CallIdentity> {
  const kept = store ?? (await Store.ofPage());
  const device = await kept.device(standing);
  const identity = { store: kept, device, contacts: await kept.contacts(), ...(link && { link }) };
  if (standing === "guest") return identity;
  return { ...identity, certificate: await certificateOf(kept, device, name, link) };
}

/** In a demonstration its holder makes one; elsewhere the clinic has. */
async function certificateOf(
  store: Store,
  device: Device,
  name: string,
  link: Fragment | undefined,
): Promise<Bytes> {
  const now = Math.floor(Date.now() / 1000);
  if (link?.rootSeed) {
    const root = await rootOf(link.rootSeed);
    return certify(root, {
      deviceId: device.id,
      name,
      notBefore: now,
      notAfter: now + DEMONSTRATION_SECONDS,
    });
  }
  const certificate = await store.certificate();
  const checked = certificate && (await checkCertificate(certificate, device.id, now));
  if (!certificate || !checked || typeof checked === "string") {
    throw new NotCertified(checked === "expired_certificate" ? "expired" : "none");
  }
  const isOfLink = !link || toBase64Url(link.rootHash) === toBase64Url(checked.rootHash);
  if (!isOfLink) throw new NotCertified("other_clinic");
  return certificate;
}

const DEMONSTRATION_SECONDS = 24 * 3600;

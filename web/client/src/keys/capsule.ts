// What a recording is agreed to by, and what opens it (RECORDING.md, section 2).
//
// Owns: the proposal's hash, and the sealing of a sender's key to the recipients. Never does: decide when that is right.

import { u32, type Bytes } from "./encoding.ts";
import { openFrom, sealTo } from "./hpke.ts";
import { hash, labelled, type KeyPair } from "./primitives.ts";
import type { Box, Capsule, Recipient } from "./recording-messages.ts";
import type { BaseKey } from "./senderkeys.ts";

/** Of the body of a proposal: names it in consents and capsules. */
export function proposalHash(body: Bytes): Promise<Bytes> {
  return hash("proposal hash", body);
}

/** The capsule of a key; nothing where a recipient's key is one that nothing can be sealed to. `ephemerals` are for test vectors alone. */
export async function sealCapsule(
  { from, proposal }: Pick<Capsule, "from" | "proposal">,
  { kid, baseKey }: BaseKey,
  recipients: readonly Recipient[],
  ephemerals?: KeyPair[],
): Promise<Capsule | undefined> {
  const info = capsuleInfo(proposal, from);
  const sealed = await Promise.all(
    recipients.map(({ key }, at) => sealTo(key, info, u32(kid), baseKey, ephemerals?.[at])),
  );
  const boxes = sealed.filter((box) => box !== undefined);
  return boxes.length === recipients.length ? { type: "capsule", from, proposal, kid, boxes } : undefined;
}

/** The base key in the box of this recipient; nothing if it is another's. */
export function openBox(
  pair: KeyPair,
  { from, proposal, kid }: Capsule,
  box: Box,
): Promise<Bytes | undefined> {
  return openFrom(pair, box, capsuleInfo(proposal, from), u32(kid));
}

function capsuleInfo(proposal: Bytes, from: Bytes): Bytes {
  return labelled("recording key", proposal, from);
}

// Opens what others sealed.
//
// Owns: their keys, and which of their frames came already. Never does: pass on what does not authenticate.

import { Awaited } from "./awaited.ts";
import { concat, type Bytes } from "./bytes.ts";
import { senderOf, type SenderKey } from "./keys.ts";
import { LAYOUTS, type Codec, type Layout } from "./layout.ts";
import type { Rejection } from "./messages.ts";
import { ReplayWindow } from "./replay.ts";
import { decodeHeader, SframeKey, TAG_BYTES, type Header } from "./sframe.ts";
import type { Trailer } from "./trailer.ts";

export type Opened =
  | { outcome: "opened"; frame: Bytes; sender: number; trailer: Trailer }
  | { outcome: "replayed" }
  | { outcome: Rejection; kid?: number };

export class Incoming {
  /** Every key ever used here stays, with its window: a frame that was opened stays opened, whatever comes between. */
  readonly #known: { key: SframeKey; window: ReplayWindow }[] = [];
  /** Those in force, by KID. */
  readonly #keys = new Map<number, { key: SframeKey; window: ReplayWindow }>();

  readonly #awaited = new Awaited();

  async setKey({ kid, baseKey }: SenderKey): Promise<void> {
    const key = await SframeKey.import(BigInt(kid), baseKey);
    let known = this.#known.find((entry) => entry.key.equals(key));
    if (!known) this.#known.push((known = { key, window: new ReplayWindow() }));
    this.#keys.set(kid, known);
    this.#awaited.handleKey(kid);
  }

  /** Opens nothing under this key any more, until it is given again. */
  forgetKey(kid: number): void {
    if (this.#keys.delete(kid)) this.#awaited.handleForgotten(kid);
  }

  /** Opens nothing of this sender any more, until a key of theirs is given again. */
  forget(sender: number): void {
    for (const kid of [...this.#keys.keys()]) if (senderOf(kid) === sender) this.forgetKey(kid);
  }

  async open(codec: Codec | undefined, frame: Bytes): Promise<Opened> {
    const parts = codec && partsOf(LAYOUTS[codec], frame);
    if (!codec || !parts) return { outcome: "clear" };
    const kid = Number(parts.header.kid);
    if (!this.#keys.has(kid)) await this.#awaited.wait(kid);
    const entry = this.#keys.get(kid);
    if (!entry) return { outcome: "no_key", kid };
    if (!entry.window.isFresh(parts.counter)) return { outcome: "replayed" };
    const plaintext = await entry.key.open(
      parts.headerBytes,
      parts.header.counter,
      parts.prefix,
      parts.ciphertext,
    );
    const content = plaintext && LAYOUTS[codec].rest(plaintext);
    if (!content) return { outcome: "unauthenticated", kid };
    // its copy may have come over another receiver while this one was being opened
    if (!entry.window.isFresh(parts.counter)) return { outcome: "replayed" };
    entry.window.mark(parts.counter);
    // copied even without a prefix: the trailer must not go on to a decoder in the same buffer
    const opened = concat(parts.prefix, content.rest);
    return { outcome: "opened", frame: opened, sender: senderOf(kid), trailer: content.trailer };
  }
}

/** The parts of a sealed frame, or nothing where no header of a sender of ours stands after the prefix. */
export function partsOf(layout: Layout, frame: Bytes) {
  const parts = layout.split(frame);
  const sealed = parts && layout.sealed(parts.rest);
  const header = sealed && decodeHeader(sealed);
  if (!header || !isOurs(header) || sealed.length < header.length + TAG_BYTES) return undefined;
  return {
    prefix: parts.prefix,
    header,
    counter: Number(header.counter),
    headerBytes: sealed.subarray(0, header.length),
    ciphertext: sealed.subarray(header.length),
  };
}

/** A sender's index is in the upper 12 of 32 bits and begins at 1; a clear frame hardly ever reads like that. */
function isOurs({ kid, counter }: Header): boolean {
  return kid < 2n ** 32n && senderOf(Number(kid)) > 0 && counter <= BigInt(Number.MAX_SAFE_INTEGER);
}

// Seals the frames of one sender, over all its tracks and encodings.
//
// Owns: the keys to seal with and their counters. Never does: pass on what it can't seal.

import { encodeHeader, SframeKey } from "./sframe.ts";
import { LAYOUTS, type Codec } from "./layout.ts";
import type { Bytes } from "./bytes.ts";
import type { SenderKey } from "./keys.ts";
import type { Trailer } from "./trailer.ts";

export class Outgoing {
  /** Where the counter of each new key begins. */
  firstCounter = 0;
  /** Nothing is sealed for now. */
  held = false;
  /**
   * Every key ever used here stays, with its counter: RFC 9605 §9.1, a counter never comes twice under one key, not
   * even if the page goes back to a former key.
   */
  readonly #keys: { key: SframeKey; counter: number }[] = [];
  #current: { key: SframeKey; counter: number } | undefined;

  async setKey({ kid, baseKey }: SenderKey): Promise<void> {
    const key = await SframeKey.import(BigInt(kid), baseKey);
    let known = this.#keys.find((entry) => entry.key.equals(key));
    if (!known) this.#keys.push((known = { key, counter: this.firstCounter }));
    this.#current = known;
  }

  /** There is a key to seal with. */
  get ready(): boolean {
    return this.#current !== undefined && !this.held;
  }

  /** The frame as it may be sent, or nothing. */
  async seal(codec: Codec | undefined, frame: Bytes, trailer: Trailer): Promise<Bytes | undefined> {
    // an empty frame is silence that Opus does not send: sealed it would be a packet, and tell of the silence
    if (!codec || this.held || !this.#current || frame.length === 0) return undefined;
    const layout = LAYOUTS[codec];
    const parts = layout.split(frame);
    const plaintext = parts && layout.plaintext(parts.rest, trailer);
    if (!plaintext) return undefined;
    const { key } = this.#current;
    // taken before the first await: two tracks never see the same value
    const counter = BigInt(this.#current.counter++);
    const { prefix } = parts;
    const header = encodeHeader(key.kid, counter);
    return layout.join(prefix, header, await key.seal(header, counter, prefix, plaintext));
  }
}

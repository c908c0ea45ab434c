// Opens the frames of a recording.
//
// Owns: whose a frame has to be, and that it was agreed to. Never does: pass on what does not authenticate, or what
// comes twice.

import { equal } from "../keys/encoding.ts";
import { SOURCES } from "../keys/recording-messages.ts";
import { concat, type Bytes } from "../sealing/bytes.ts";
import { partsOf } from "../sealing/incoming.ts";
import { LAYOUTS } from "../sealing/layout.ts";
import type { Trailer } from "../sealing/trailer.ts";
import type { Agreed, Signer } from "./agreed.ts";
import { ReviewFault, type ReviewCode } from "./fault.ts";
import type { FrameKey, Keyring } from "./keyring.ts";
import type { Manifest } from "./manifest.ts";
import type { Block } from "./matroska.ts";
import { positionOf, Succession } from "./succession.ts";

/** One of the files of a recording. */
export interface CaptureFile {
  /** From 0, in their order. */
  number: number;
  name: string;
}

export interface OpenedFrame {
  frame: Bytes;
  trailer: Trailer;
}

/** A track, and whose it is. */
export interface OpenerTrack {
  codec: Manifest["tracks"][number]["codec"];
  /** Nobody of whom there is a key: nothing of it can be opened. */
  signer: Signer | undefined;
}

export class Opener {
  /** In the order of track numbers from 1. */
  readonly tracks: readonly OpenerTrack[];
  readonly #agreed: Agreed;
  readonly #keyring: Keyring;
  readonly #succession = new Succession();

  constructor(manifest: Manifest, agreed: Agreed, keyring: Keyring) {
    this.tracks = manifest.tracks.map(({ codec, sender }) => ({ codec, signer: keyring.signerOf(sender) }));
    this.#agreed = agreed;
    this.#keyring = keyring;
  }

  /** What is opened next is from another place. */
  handleSeek(): void {
    this.#succession.handleSeek();
  }

  /** Throws `ReviewFault`. */
  async open(file: CaptureFile, block: Block): Promise<OpenedFrame> {
    const fault = (code: ReviewCode, detail: string) =>
      new ReviewFault(code, detail, { file: file.name, offset: block.offset, ms: block.ms });
    const track = this.tracks[block.track - 1];
    if (!track) throw fault("damaged", "a block of no track");
    const layout = LAYOUTS[track.codec];
    const parts = partsOf(layout, block.bytes);
    if (!parts) throw fault("damaged", "a frame that is not sealed");
    const keys = await this.#keyring.keysOf(Number(parts.header.kid));
    if (keys.length === 0) throw fault("no_key", `no capsule of the key ${parts.header.kid}`);
    for (const key of keys) {
      const plaintext = await key.key.open(
        parts.headerBytes,
        parts.header.counter,
        parts.prefix,
        parts.ciphertext,
      );
      const content = plaintext && layout.rest(plaintext);
      if (!content) continue;
      if (!this.#isAgreed(track, key)) throw fault("not_agreed", "a frame of somebody or something else");
      const sealed = { order: key.order, counter: parts.counter };
      if (!this.#succession.handle(block.track, positionOf(file.number, block.cluster), sealed))
        throw fault("replayed", `counter ${parts.counter} does not follow`);
      return { frame: concat(parts.prefix, content.rest), trailer: content.trailer };
    }
    throw fault("damaged", "a frame that does not authenticate");
  }

  /** It is of the device that the track began with, also after a reload, and of what that agreed to. */
  #isAgreed({ codec, signer }: OpenerTrack, key: FrameKey): boolean {
    const { deviceId } = key.signer.hello;
    if (!signer || !equal(signer.hello.deviceId, deviceId)) return false;
    const what =
      this.#agreed.proposal.subjects.find((subject) => equal(subject.deviceId, deviceId))?.what ?? 0;
    return (what & (codec === "opus" ? SOURCES.microphone : SOURCES.camera + SOURCES.screen)) !== 0;
  }
}

// Which codec the frames of one receiver are of.
//
// Owns: what a frame said of it that came before. Never does: look into a frame.
//
// Asking each frame would be a fifth of what opening it costs: Chromium makes an object of all that it knows of it. And
// the answer changes with a key frame alone, since no decoder goes on with another codec without one.

import { codecOf, type Codec } from "./layout.ts";
import type { EncodedFrame } from "./pipelines.ts";

export class Remembered {
  #codec: Codec | undefined;

  of(frame: EncodedFrame): Codec | undefined {
    if (!this.#codec || frame.type === "key") this.#codec = codecOf(frame.getMetadata().mimeType);
    return this.#codec;
  }

  /** It did not open: what is known may be wrong, and the next frame is asked. */
  forget(): void {
    this.#codec = undefined;
  }
}

// Whether this browser tells of which codec its frames are.
//
// Owns: that judgement, for one direction. Never does: look into a frame.
//
// Older browsers have the transform and no `mimeType` in a frame's metadata. Without it no frame has a layout, so all
// of them are dropped, and nothing else in the call would say why.

import type { Codec } from "./layout.ts";

export class Nameless {
  readonly #tell: (frames: number) => void;
  #frames = 0;
  #settled = false;

  /** `tell` is called once at most. */
  constructor(tell: (frames: number) => void) {
    this.#tell = tell;
  }

  /** Of a frame that is not empty. One that names its codec settles it for good. */
  see(codec: Codec | undefined): void {
    if (this.#settled) return;
    if (codec === undefined) this.#frames += 1;
    this.#settled = codec !== undefined || this.#frames >= ENOUGH_FRAMES;
    if (codec === undefined && this.#settled) this.#tell(this.#frames);
  }
}

/** Half a second of sound, a second of picture: no browser names the codec of its frames that late. */
const ENOUGH_FRAMES = 25;

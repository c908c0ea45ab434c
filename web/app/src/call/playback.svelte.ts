// Whether the others can be heard.
//
// Owns: which sounds the browser holds back until somebody touches the page. Never does: decide what is played.

import { SvelteSet } from "svelte/reactivity";

export class Playback {
  #blocked = new SvelteSet<HTMLAudioElement>();

  get blocked(): boolean {
    return this.#blocked.size > 0;
  }

  /** Plays, or remembers that it may not yet. */
  async play(element: HTMLAudioElement): Promise<void> {
    try {
      await element.play();
      this.#blocked.delete(element);
    } catch (error) {
      // Anything else comes of an element that was replaced in the meantime.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#blocked.add(element);
    }
  }

  forget(element: HTMLAudioElement): void {
    this.#blocked.delete(element);
  }

  /** For a click: browsers play from then on. */
  hear(): void {
    for (const element of [...this.#blocked]) void this.play(element);
  }
}

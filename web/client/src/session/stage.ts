// The media of the others, ready to be put into elements.
//
// Owns: one stream for each thing shown, the same one as long as the same thing is shown. Never does: play it.

import type { Placement } from "./slots.ts";

/** What can be shown of somebody. */
export interface Shown {
  camera?: MediaStream;
  screen?: MediaStream;
  audio: MediaStream[];
}

export class Stage {
  #streams = new Map<string, MediaStream>();

  /** By participant. What is in no placement any more is forgotten: when it comes again, it is a new stream. */
  show(placements: Placement[], trackAt: (mid: string) => MediaStreamTrack | undefined): Map<number, Shown> {
    const streams = new Map<string, MediaStream>();
    const people = new Map<number, Shown>();
    for (const { mid, participant, source } of placements) {
      const track = trackAt(mid);
      if (!track) continue;
      const name = `${mid} ${participant} ${source}`;
      const stream = this.#streams.get(name) ?? new MediaStream([track]);
      streams.set(name, stream);
      const shown = people.get(participant) ?? { audio: [] };
      if (source === "camera" || source === "screen") shown[source] = stream;
      else shown.audio.push(stream);
      people.set(participant, shown);
    }
    this.#streams = streams;
    return people;
  }
}

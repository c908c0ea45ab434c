// What goes to the source buffers from one place on.
//
// Owns: the streams of all tracks, gathered for about a second each. Never does: read, or open a frame.

import { concat, type Bytes } from "../sealing/bytes.ts";
import type { Block } from "./matroska.ts";
import type { FromReviewWorker } from "./messages.ts";
import type { OpenedFrame, OpenerTrack } from "./opener.ts";
import { pictureWriterOf, type Writer } from "./streams.ts";
import { SoundWriter } from "./webm.ts";

/** Without its round: whoever made the strip knows that. */
type Said = FromReviewWorker extends infer M
  ? M extends { round: number }
    ? Omit<M, "round">
    : never
  : never;

export class Strip {
  readonly #tracks: readonly OpenerTrack[];
  readonly #wanted: ReadonlySet<number>;
  readonly #post: (message: Said, transfer?: ArrayBuffer[]) => void;
  readonly #pictures = new Map<number, Writer>();
  readonly #sounds = new Map<number, SoundWriter>();
  readonly #gathered = new Map<number, Bytes[]>();
  readonly #found = new Set<number>();
  /** The last time of a block. */
  #ms: number | undefined;
  #flushedMs = 0;

  constructor(
    tracks: readonly OpenerTrack[],
    wanted: readonly number[],
    post: (message: Said, transfer?: ArrayBuffer[]) => void,
  ) {
    this.#tracks = tracks;
    this.#wanted = new Set(wanted);
    this.#post = post;
  }

  wants(track: number): boolean {
    // a track that is none is opened, and found to be none
    return this.#wanted.has(track) || !this.#tracks[track - 1];
  }

  /** Of a block, wanted or not. */
  handleBlock({ track, ms }: Pick<Block, "track" | "ms">): void {
    this.#handleTime(ms);
    this.#find(track);
  }

  write({ track, ms, isKey }: Block, { frame, trailer }: OpenedFrame): void {
    const bytes =
      this.#sounds.get(track)?.write(ms, frame) ??
      this.#pictures.get(track)?.write(ms, isKey, frame, trailer);
    if (bytes) this.#gather(track, bytes);
  }

  /** Gives what was gathered. */
  flush(): void {
    if (this.#ms === undefined) return;
    // what comes late may come that late
    this.#fill(this.#ms - LATE_MS);
    for (const [track, parts] of this.#gathered) {
      const { buffer: bytes } = concat(...parts);
      this.#post({ type: "media", track, bytes }, [bytes]);
    }
    this.#gathered.clear();
    this.#flushedMs = this.#ms;
    this.#post({ type: "read", ms: this.#ms });
  }

  /** Nothing follows. */
  end(): void {
    this.#fill(this.#ms ?? 0);
    this.flush();
    this.#post({ type: "end", ms: this.#ms ?? 0 });
  }

  #handleTime(ms: number): void {
    const last = this.#ms;
    if (last === undefined) this.#begin(ms);
    else if (ms > last + GAP_MS) this.#leap(last, ms);
    else if (ms > this.#flushedMs + GATHER_MS) this.flush();
    this.#ms = Math.max(last ?? 0, ms);
  }

  #begin(ms: number): void {
    this.#flushedMs = ms;
    // nothing is there before the first block of all: a player that begins at 0 would wait for it for ever
    if (ms > 0 && ms <= GAP_MS) this.#post({ type: "gap", from: 0, to: ms });
    for (const track of this.#wanted) {
      const codec = this.#tracks[track - 1]?.codec;
      if (codec === "opus") this.#sounds.set(track, new SoundWriter(ms));
      else if (codec) this.#pictures.set(track, pictureWriterOf(codec));
    }
  }

  #leap(from: number, to: number): void {
    this.#fill(from);
    this.flush();
    for (const sound of this.#sounds.values()) sound.skip(to);
    this.#post({ type: "gap", from, to });
  }

  #fill(ms: number): void {
    for (const [track, sound] of this.#sounds) {
      const silence = sound.fill(ms);
      if (silence.length > 0) this.#gather(track, silence);
    }
  }

  #find(track: number): void {
    if (this.#found.has(track)) return;
    this.#found.add(track);
    this.#post({ type: "found", track });
  }

  #gather(track: number, bytes: Bytes): void {
    // a sound that begins later is silent until then
    this.#find(track);
    const parts = this.#gathered.get(track) ?? [];
    this.#gathered.set(track, parts);
    parts.push(bytes);
  }
}

/** Longer than what packets are lost for: the recording was paused. */
const GAP_MS = 2_000;
const GATHER_MS = 1_000;
/** Longer than the recorder waits for what packets are late. */
const LATE_MS = 1_500;

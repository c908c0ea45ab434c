// Reads a recording from wherever somebody looks at it, and a little ahead.
//
// Owns: how far, and what goes to which source buffer. Never does: show anything, or keep what was shown.

import { readAgreed } from "./agreed.ts";
import { ReviewFault } from "./fault.ts";
import { Keyring } from "./keyring.ts";
import { readManifest } from "./manifest.ts";
import { MatroskaReader, type Block } from "./matroska.ts";
import type { FromReviewWorker, Opening, ToReviewWorker } from "./messages.ts";
import { Opener } from "./opener.ts";
import { Shelf, type ShelfFile } from "./shelf.ts";
import { HttpSource, type Source } from "./source.ts";
import { Strip } from "./strip.ts";
import { reviewedOf } from "./view.ts";

type Post = (message: FromReviewWorker, transfer?: ArrayBuffer[]) => void;

interface Loaded {
  source: Source;
  opener: Opener;
  shelf: Shelf;
}

export class Reel {
  readonly #post: Post;
  readonly #report: (error: unknown) => void;
  #loaded: Loaded | undefined;
  #round = 0;
  /** What is shown at the moment. */
  #head = 0;
  /** Goes on with reading that waits for the head. */
  #wake: () => void = () => undefined;
  /** Of the round before it may be in its last frame. */
  #opening: Promise<unknown> = Promise.resolve();
  #handleToken: (token: string | undefined) => void = () => undefined;

  constructor(post: Post, report: (error: unknown) => void) {
    this.#post = post;
    this.#report = report;
  }

  handle(message: ToReviewWorker): void {
    if (message.type === "open") void this.#guard(this.#open(message));
    else if (message.type === "token") this.#handleToken(message.token);
    else {
      this.#head = message.ms;
      if (message.type === "seek") this.#round = message.round;
      this.#wake();
      if (message.type === "seek") void this.#guard(this.#run(message));
    }
  }

  async #open(opening: Opening): Promise<void> {
    const { address, token, id, files, holder } = opening;
    const source = new HttpSource({ address, token, renew: () => this.#renew() });
    const manifest = readManifest(await source.text("manifest.json"), id);
    const agreed = await readAgreed(await source.text("consent.jsonl"), opening);
    const keyring = await Keyring.open(await source.text("keys.jsonl"), agreed, holder);
    const opener = new Opener(manifest, agreed, keyring);
    this.#loaded = { source, opener, shelf: await Shelf.open(source, files, manifest) };
    this.#post({ type: "opened", reviewed: reviewedOf(agreed, opener.tracks, holder) });
  }

  #renew(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#handleToken = resolve;
      this.#post({ type: "stale" });
    });
  }

  /** From a place on to the end, unless somebody seeks again. */
  async #run({ round, ms, tracks }: Extract<ToReviewWorker, { type: "seek" }>): Promise<void> {
    const { opener, shelf } = this.#loaded!;
    const strip = new Strip(opener.tracks, tracks, (message, transfer) => {
      if (round === this.#round) this.#post({ ...message, round } as FromReviewWorker, transfer);
    });
    await this.#opening.catch(() => undefined);
    opener.handleSeek();
    try {
      // a key frame of each picture stands within that
      let place = shelf.placeOf(Math.max(0, ms - BEFORE_MS));
      while (place && (await this.#readFile(place, strip, round))) place = shelf.after(place.file);
      if (round === this.#round) strip.end();
    } catch (error) {
      // what stands before it can be played
      strip.flush();
      if (round === this.#round) throw error;
    }
  }

  /** False: somebody sought another place. */
  async #readFile(place: { file: ShelfFile; offset: number }, strip: Strip, round: number): Promise<boolean> {
    const { source, shelf, opener } = this.#loaded!;
    const { file, offset } = place;
    const reader = new MatroskaReader({ file: file.name, at: offset, mayBeCut: file.mayBeCut });
    while (round === this.#round) {
      const part = reader.next();
      if (part?.kind === "block") await this.#take(opener, file, part, strip, round);
      else if (part?.kind === "cluster") shelf.handleCluster(file, part);
      else if (!part) {
        if (reader.wanted >= file.size) {
          reader.end();
          // says if it is cut off
          reader.next();
          return true;
        }
        const { bytes } = await source.read(file.name, reader.wanted, PIECE_BYTES);
        if (bytes.length === 0)
          throw new ReviewFault("damaged", "it is shorter than it was", { file: file.name });
        reader.push(bytes);
      }
    }
    return false;
  }

  async #take(opener: Opener, file: ShelfFile, block: Block, strip: Strip, round: number): Promise<void> {
    if (block.ms > this.#head + AHEAD_MS) strip.flush();
    while (block.ms > this.#head + AHEAD_MS && round === this.#round)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (round !== this.#round) return;
    strip.handleBlock(block);
    if (!strip.wants(block.track)) return;
    const opening = opener.open(file, block);
    this.#opening = opening;
    const opened = await opening;
    if (round === this.#round) strip.write(block, opened);
  }

  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof ReviewFault)) this.#report(error);
      const { code, place } =
        error instanceof ReviewFault ? error : ({ code: "unplayable", place: {} } as const);
      this.#post({ type: "fault", code, detail: String(error), place });
    }
  }
}

/** So much is read ahead of what is shown. */
const AHEAD_MS = 30_000;
/** The recorder asks for key frames every 5 s. */
const BEFORE_MS = 6_000;
const PIECE_BYTES = 1024 * 1024;

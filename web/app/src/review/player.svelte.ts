// Plays a recording: every stream of it in a media element of its own, all by one clock.
//
// Owns: the clock, which is the first sound that plays, and what is loaded for it. Never does: open a frame, or draw.

import {
  type FromReviewWorker,
  type ListedRecording,
  Review,
  type Reviewed,
  type ReviewTrack,
  ReviewFault,
} from "@rapport/client";
import type { ReviewFace, Watched } from "./face";
import { Lane } from "./lane";
import { paceOf } from "./pace";

export interface Playing {
  recording: ListedRecording;
  room: string;
  token: string;
  renew: () => Promise<string | undefined>;
}

interface Stream {
  track: number;
  kind: "sound" | "picture";
  person: number;
  element: HTMLMediaElement;
  lane: Lane;
}

export class Player implements ReviewFace {
  reviewed = $state.raw<Reviewed>();
  fault = $state.raw<ReviewFace["fault"]>();
  people = $state.raw<Watched[]>([]);
  positionMs = $state(0);
  isPlaying = $state(false);
  isWaiting = $state(false);
  isSoundOnly = $state(false);
  rate = $state(1);
  durationMs = $state(0);

  readonly #playing: Playing;
  #review: Review | undefined;
  #streams: Stream[] = [];
  /** Of which something came. */
  #found = new Set<number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #lookedAt = 0;
  #headAt = 0;
  /** What is there of the recording since the last seek. */
  #from = 0;
  #read = 0;
  #end: number | undefined;
  #gaps: { from: number; to: number }[] = [];
  #isClosed = false;

  constructor(playing: Playing) {
    this.#playing = playing;
    this.durationMs = playing.recording.safeMs;
    void this.#open();
  }

  get purpose() {
    return this.#playing.recording.purpose;
  }

  get begun() {
    return this.#playing.recording.begun;
  }

  toggle(): void {
    if (!this.#review || !this.reviewed) return;
    this.isPlaying = !this.isPlaying;
    if (!this.isPlaying) return this.#rest();
    if (this.#isAtEnd() && !this.fault) this.seek(0);
    this.#lookedAt = performance.now();
    this.#look();
  }

  seek(ms: number): void {
    const to = Math.min(Math.max(ms, 0), this.durationMs);
    this.positionMs = to;
    if (to >= this.#from && to <= this.#read) for (const { lane } of this.#streams) lane.go(to / 1000);
    else this.#load(to);
  }

  setRate(rate: number): void {
    this.rate = rate;
  }

  setSoundOnly(soundOnly: boolean): void {
    this.isSoundOnly = soundOnly;
    this.#load(this.positionMs);
  }

  again(): void {
    this.#stop();
    this.fault = undefined;
    void this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  async #open(): Promise<void> {
    try {
      const onmessage = (message: FromReviewWorker) => this.#handle(message);
      const review = await Review.open({ ...this.#playing, onmessage });
      if (this.#isClosed) review.close();
      else this.#review = review;
    } catch (error) {
      const { code, place } =
        error instanceof ReviewFault ? error : ({ code: "unplayable", place: {} } as const);
      this.#fail({ code, detail: String(error), place });
    }
  }

  #handle(message: FromReviewWorker): void {
    if (message.type === "opened") this.#begin(message.reviewed);
    else if (message.type === "found") this.#handleFound(message.track);
    else if (message.type === "media") this.#streamOf(message.track)?.lane.append(message.bytes);
    else if (message.type === "read") this.#read = message.ms;
    else if (message.type === "gap") {
      this.#gaps.push(message);
      this.#read = message.to;
    } else if (message.type === "fault") this.#fail(message);
    else if (message.type === "end") this.#end = this.durationMs = message.ms;
  }

  #begin(reviewed: Reviewed): void {
    this.reviewed = reviewed;
    this.#arrange(reviewed);
    if (!reviewed.tracks.some(isPlayed))
      return this.#fail({ code: "unplayable", detail: "no stream", place: {} });
    this.#load(this.positionMs);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** A stream is made when something of it comes: most tracks of pictures are empty. */
  #handleFound(number: number): void {
    const { reviewed } = this;
    const track = reviewed?.tracks.find((one) => one.number === number);
    if (!reviewed || !track || this.#found.has(number)) return;
    this.#found.add(number);
    const { kind, person, mimeType } = track;
    if (person !== undefined && isPlayed(track)) {
      const element = kind === "sound" ? document.createElement("audio") : pictureElement();
      const seconds = this.#playing.recording.safeMs / 1000 + SPARE_SECONDS;
      const lane = new Lane(element, { mimeType, seconds }, (detail) =>
        this.#fail({ code: "unplayable", detail, place: {} }),
      );
      lane.go(this.positionMs / 1000);
      this.#streams.push({ track: number, kind, person, element, lane });
    }
    this.#arrange(reviewed);
  }

  #arrange(reviewed: Reviewed): void {
    const unseen = reviewed.tracks.filter(
      (track) => track.kind === "picture" && this.#found.has(track.number) && !isPlayed(track),
    );
    this.people = reviewed.people.map((person, at) => ({
      ...person,
      pictures: this.#streams.flatMap(({ person: of, element }) =>
        of === at && element instanceof HTMLVideoElement
          ? [{ element, isShown: this.#isShown(element) }]
          : [],
      ),
      isUnseen: unseen.some(({ person: of }) => of === at),
    }));
  }

  #isShown(element: HTMLVideoElement): boolean {
    const pictures = this.people.flatMap((person) => person.pictures);
    return pictures.some((picture) => picture.element === element && picture.isShown);
  }

  /** All anew from there on. */
  #load(ms: number): void {
    for (const { lane } of this.#streams) {
      lane.pause();
      lane.restart();
      lane.go(ms / 1000);
    }
    this.#from = this.#read = ms;
    this.#end = undefined;
    this.#gaps = [];
    this.fault = undefined;
    const wanted = this.reviewed?.tracks.filter(
      (track) => isPlayed(track) && (track.kind === "sound" || !this.isSoundOnly),
    );
    this.#review?.seek(ms, wanted?.map(({ number }) => number) ?? []);
  }

  /** Ten times a second. */
  #look(): void {
    const now = performance.now();
    const passed = now - this.#lookedAt;
    this.#lookedAt = now;
    if (this.isPlaying) this.#advance(passed);
    this.#show();
    if (now - this.#headAt < HEAD_MS) return;
    this.#headAt = now;
    this.#review?.handleHead(this.positionMs);
    const kept = this.positionMs - KEPT_MS;
    this.#from = Math.max(this.#from, kept);
    for (const { lane } of this.#streams) lane.evict(kept / 1000);
  }

  #advance(passed: number): void {
    const master = this.#streams.find(({ kind, lane }) => kind === "sound" && lane.isRunning);
    if (master) this.positionMs = master.lane.position * 1000;
    else this.#passBy(passed * this.rate);
    const gap = this.#gaps.find(({ from, to }) => this.positionMs >= from - LOOK_MS && this.positionMs < to);
    if (gap) this.seek(gap.to);
    if (this.#isAtEnd()) {
      this.isPlaying = false;
      return this.#rest();
    }
    const seconds = this.positionMs / 1000;
    let runs = false;
    for (const stream of this.#streams) {
      const { lane } = stream;
      if (!lane.has(seconds)) lane.pause();
      else if (stream === master) lane.run(this.rate);
      else this.#follow(lane, seconds);
      runs ||= lane.isRunning;
    }
    this.isWaiting = !runs && this.#read <= this.positionMs + LOOK_MS;
  }

  /** Where no sound plays: at the very end of one that waits for more, and where there is none at all. */
  #passBy(ms: number): void {
    const edges = [...this.#gaps.map(({ from }) => from), this.#last() ?? Infinity];
    const edge = Math.min(...edges.filter((at) => at >= this.positionMs));
    const isAtEdge = edge - this.positionMs < EDGE_MS;
    if (isAtEdge || !this.#hasSound()) this.positionMs = Math.min(this.positionMs + ms, edge, this.#read);
  }

  #follow(lane: Lane, seconds: number): void {
    // one that is on its way is not sent again, unless it waits where nothing is
    if (lane.isSeeking && lane.has(lane.position)) return lane.run(this.rate);
    const pace = paceOf(lane.position - seconds);
    if (pace.kind === "jump") lane.go(seconds);
    lane.run(pace.kind === "run" ? this.rate * pace.factor : this.rate);
  }

  /** Which pictures are there. */
  #show(): void {
    const seconds = this.positionMs / 1000;
    const isThere = (element: HTMLVideoElement) => {
      const lane = this.#streams.find((stream) => stream.element === element)?.lane;
      return !this.isSoundOnly && lane !== undefined && lane.has(seconds) && lane.isNear(seconds);
    };
    const isSame = this.people.every(({ pictures }) =>
      pictures.every(({ element, isShown }) => isShown === isThere(element)),
    );
    if (isSame) return;
    this.people = this.people.map((person) => ({
      ...person,
      pictures: person.pictures.map(({ element }) => ({ element, isShown: isThere(element) })),
    }));
  }

  #hasSound(): boolean {
    return this.#streams.some(({ kind }) => kind === "sound");
  }

  #streamOf(track: number): Stream | undefined {
    return this.#streams.find((stream) => stream.track === track);
  }

  /** What is played last: of the whole, or before what is not shown. */
  #last(): number | undefined {
    return this.#end ?? (this.fault && this.#read);
  }

  #isAtEnd(): boolean {
    const last = this.#last();
    return last !== undefined && this.positionMs >= last - END_MS;
  }

  #rest(): void {
    this.isWaiting = false;
    for (const { lane } of this.#streams) lane.pause();
  }

  #fail(fault: NonNullable<ReviewFace["fault"]>): void {
    this.fault ??= fault;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.isPlaying = false;
    this.#review?.close();
    this.#review = undefined;
    this.reviewed = undefined;
    for (const { lane } of this.#streams) lane.close();
    this.#streams = [];
    this.#found.clear();
    this.people = [];
  }
}

function isPlayed({ person, mimeType }: ReviewTrack): boolean {
  return person !== undefined && MediaSource.isTypeSupported(mimeType);
}

function pictureElement(): HTMLVideoElement {
  const element = document.createElement("video");
  element.muted = true;
  element.playsInline = true;
  element.disablePictureInPicture = true;
  return element;
}

const LOOK_MS = 100;
/** How often the worker hears what is shown. */
const HEAD_MS = 500;
/** Behind what is shown: enough for two steps back. */
const KEPT_MS = 25_000;
/** The last packet, and the time between two looks. */
const END_MS = 150;
/** A browser stops some time before the end of what it has, and what is late is not made silent before it is. */
const EDGE_MS = 2_000;
/** What is safe may be told in whole seconds. */
const SPARE_SECONDS = 5;

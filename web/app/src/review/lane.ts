// One stream of a recording in the browser: a media element, and the source buffer that feeds it.
//
// Owns: both, and the order of what is appended. Never does: decide when it plays, or open anything.

export class Lane {
  readonly #element: HTMLMediaElement;
  readonly #source = new MediaSource();
  readonly #address: string;
  readonly #onfault: (detail: string) => void;
  #buffer: SourceBuffer | undefined;
  /** One after the other: a source buffer takes one at a time. */
  #queue: ((buffer: SourceBuffer) => void)[] = [];

  constructor(
    element: HTMLMediaElement,
    { mimeType, seconds }: { mimeType: string; seconds: number },
    onfault: (detail: string) => void,
  ) {
    this.#element = element;
    this.#onfault = onfault;
    this.#address = URL.createObjectURL(this.#source);
    this.#source.addEventListener(
      "sourceopen",
      () => {
        this.#source.duration = seconds;
        this.#buffer = this.#source.addSourceBuffer(mimeType);
        this.#buffer.addEventListener("updateend", () => this.#next());
        this.#next();
      },
      { once: true },
    );
    element.addEventListener("error", () => onfault(element.error?.message ?? ""));
    element.src = this.#address;
  }

  get position(): number {
    return this.#element.currentTime;
  }

  /** It shows what it has to at the moment. */
  get isRunning(): boolean {
    const { paused, seeking, readyState } = this.#element;
    return !paused && !seeking && readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  get isSeeking(): boolean {
    return this.#element.seeking;
  }

  /** A little of it is there from this second on. */
  has(seconds: number): boolean {
    const { buffered } = this.#element;
    for (let at = 0; at < buffered.length; at += 1)
      if (buffered.start(at) <= seconds + SLACK && buffered.end(at) > seconds + SLACK) return true;
    return false;
  }

  /** It is not far from there, or on its way. */
  isNear(seconds: number): boolean {
    return Math.abs(this.position - seconds) < NEAR_SECONDS;
  }

  append(bytes: ArrayBuffer): void {
    this.#do((buffer) => buffer.appendBuffer(bytes));
  }

  /** What was appended is of another place. */
  restart(): void {
    this.#queue = [];
    // what comes next is not the rest of what came last
    this.#do((buffer) => {
      buffer.abort();
      buffer.remove(0, Infinity);
    });
  }

  /** Nobody goes back that far without seeking. */
  evict(before: number): void {
    const { buffered } = this.#element;
    if (before > 0 && buffered.length > 0 && buffered.start(0) < before - EVICTS_SECONDS)
      this.#do((buffer) => buffer.remove(0, before));
  }

  go(seconds: number): void {
    this.#element.currentTime = seconds;
  }

  run(rate: number): void {
    if (this.#element.playbackRate !== rate) this.#element.playbackRate = rate;
    // a pause may come before it has begun
    if (this.#element.paused) this.#element.play().catch(() => undefined);
  }

  pause(): void {
    if (!this.#element.paused) this.#element.pause();
  }

  close(): void {
    this.#queue = [];
    this.#element.pause();
    this.#element.removeAttribute("src");
    this.#element.load();
    URL.revokeObjectURL(this.#address);
  }

  #do(what: (buffer: SourceBuffer) => void): void {
    this.#queue.push(what);
    this.#next();
  }

  #next(): void {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#source.readyState !== "open") return;
    const what = this.#queue.shift();
    try {
      what?.(buffer);
    } catch (error) {
      this.#onfault(String(error));
    }
  }
}

/** Times of frames are not those of a clock. */
const SLACK = 0.05;
/** An older picture is of something else. */
const NEAR_SECONDS = 1;
/** Not for every second. */
const EVICTS_SECONDS = 5;

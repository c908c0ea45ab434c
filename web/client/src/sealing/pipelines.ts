// What runs in the sealing worker, apart from the worker's own globals.
//
// Owns: one pipeline per transformer, the counts, what the page is told. Never does: enqueue a frame that was neither
// sealed nor opened here; an ended or broken pipeline passes nothing.

import { Capturing } from "./capturing.ts";
import { Incoming, type Opened } from "./incoming.ts";
import { codecOf } from "./layout.ts";
import { Nameless } from "./nameless.ts";
import { noCounts, type FromWorker, type ToWorker, type TransformOptions } from "./messages.ts";
import { Outgoing } from "./outgoing.ts";
import { Receiving } from "./receiving.ts";
import { Remembered } from "./remembered.ts";

/** What is used of RTCEncodedVideoFrame and RTCEncodedAudioFrame. */
export interface EncodedFrame {
  data: ArrayBuffer;
  /** Of a picture: "key", where a decoder can begin. */
  type?: string;
  getMetadata(): FrameMetadata;
}

/** Of it each browser fills what it knows. */
export interface FrameMetadata {
  mimeType?: string;
  rtpTimestamp?: number;
  synchronizationSource?: number;
  /** In pixels. */
  width?: number;
  height?: number;
}

/** What is used of RTCRtpScriptTransformer. */
export interface Transformer {
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  readonly options: TransformOptions;
  /** Firefox has it; Chromium wants to be asked by the page. */
  generateKeyFrame?(): Promise<unknown>;
  sendKeyFrameRequest(): Promise<unknown>;
}

export class Pipelines {
  readonly #post: (message: FromWorker) => void;
  readonly #report: (error: unknown) => void;
  readonly #outgoing = new Outgoing();
  readonly #incoming = new Incoming();
  readonly #counts = noCounts();
  readonly #sending = new Map<number, { transformer: Transformer; capturing: Capturing; sealed: number }>();
  readonly #receiving = new Map<number, Receiving>();
  readonly #nameless = {
    send: new Nameless((frames) => this.#post({ type: "no_codec", direction: "send", frames })),
    receive: new Nameless((frames) => this.#post({ type: "no_codec", direction: "receive", frames })),
  };
  /** Keys are imported one after the other: the last one given is the one in force. */
  #keysInOrder = Promise.resolve();

  /** `report` hears of defects; the frame at hand is dropped then. */
  constructor(post: (message: FromWorker) => void, report: (error: unknown) => void) {
    this.#post = post;
    this.#report = report;
  }

  handle(message: ToWorker): void {
    switch (message.type) {
      case "start":
        this.#outgoing.firstCounter = message.firstCounter;
        return;
      case "report":
        return this.#tellCounts(message.round);
      case "key_frames":
        return this.#requestKeyFrames();
      case "drop":
        this.#sending.delete(message.id);
        this.#receiving.delete(message.id);
        return;
      case "retell":
        return this.#receiving.get(message.id)?.retell();
      case "hold":
        this.#outgoing.held = message.held;
        return;
      case "send_key":
      case "receive_key":
      case "forget":
      case "forget_key":
        this.#keysInOrder = this.#keysInOrder.then(() => this.#handleKey(message)).catch(this.#report);
    }
  }

  attach(transformer: Transformer): void {
    const { readable, writable, options } = transformer;
    const step = options.direction === "send" ? this.#sealing(transformer) : this.#opening(transformer);
    const safely: Step = async (frame) => (await this.#attempt(() => step(frame))) ?? false;
    // streams reject when the connection closes, and nothing is lost with it
    pump(readable.getReader(), writable.getWriter(), safely).catch(() => undefined);
  }

  #sealing(transformer: Transformer): Step {
    const sender = { transformer, capturing: new Capturing(), sealed: 0 };
    this.#sending.set(transformer.options.id, sender);
    return async (frame) => {
      const begun = performance.now();
      const metadata = frame.getMetadata();
      const codec = codecOf(metadata.mimeType);
      const content = new Uint8Array(frame.data);
      // before there is a key nothing is sealed anyway, and nobody is to be told
      if (this.#outgoing.ready && content.length > 0) this.#nameless.send.see(codec);
      const now = (performance.timeOrigin + begun) * 1000;
      const trailer = codec && sender.capturing.trailerOf(codec, metadata, now);
      const sealed = await this.#attempt(async () => trailer && this.#outgoing.seal(codec, content, trailer));
      if (!sealed) {
        this.#counts.dropped += 1;
        return false;
      }
      frame.data = sealed.buffer;
      this.#counts.sealMicros += microsSince(begun);
      this.#counts.sealed += 1;
      sender.sealed += 1;
      return true;
    };
  }

  #opening(transformer: Transformer): Step {
    const receiving = new Receiving(transformer, this.#post);
    this.#receiving.set(transformer.options.id, receiving);
    const remembered = new Remembered();
    return async (frame) => {
      if (frame.data.byteLength === 0) return false; // padding: nothing to open, and nothing to blame anybody for
      const begun = performance.now();
      const codec = remembered.of(frame);
      const content = new Uint8Array(frame.data);
      this.#nameless.receive.see(codec);
      const opened = await this.#attempt(() => this.#incoming.open(codec, content));
      if (!opened) return false;
      receiving.handle(opened, begun);
      this.#count(opened);
      if (opened.outcome !== "opened") {
        remembered.forget();
        return false;
      }
      frame.data = opened.frame.buffer;
      this.#counts.openMicros += microsSince(begun);
      return true;
    };
  }

  /** A defect costs the frame, never its secrecy. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  #count({ outcome }: Opened): void {
    if (outcome === "opened" || outcome === "replayed") this.#counts[outcome] += 1;
    else this.#counts.rejected += 1;
  }

  async #handleKey(
    message: Extract<ToWorker, { type: "send_key" | "receive_key" | "forget" | "forget_key" }>,
  ): Promise<void> {
    if (message.type === "forget") return this.#incoming.forget(message.sender);
    if (message.type === "forget_key") return this.#incoming.forgetKey(message.kid);
    if (message.type === "send_key") {
      await this.#outgoing.setKey(message);
      this.#requestKeyFrames();
    } else {
      await this.#incoming.setKey(message);
      for (const receiving of this.#receiving.values()) receiving.handleKey(message.kid, performance.now());
    }
    message.baseKey.fill(0); // this copy is not needed any more
  }

  #requestKeyFrames(): void {
    const ids: number[] = [];
    for (const [id, { transformer }] of this.#sending) {
      // a transformer of sound refuses
      if (transformer.generateKeyFrame) transformer.generateKeyFrame().catch(() => undefined);
      else ids.push(id);
    }
    if (ids.length > 0) this.#post({ type: "key_frames", ids });
  }

  #tellCounts(round: number): void {
    const sealed = [...this.#sending].map(([id, sender]): [number, number] => [id, sender.sealed]);
    this.#post({ type: "report", round, counts: { ...this.#counts }, sealed });
  }
}

/** Makes of a frame what may go on, in its place; false: it may not. */
type Step = (frame: EncodedFrame) => Promise<boolean>;

/**
 * One frame after the other, and nothing that its step does not let through. By hand and not by a `TransformStream`
 * between pipes: each of those costs more hops from promise to promise than sealing does.
 */
async function pump(
  reader: ReadableStreamDefaultReader<EncodedFrame>,
  writer: WritableStreamDefaultWriter<EncodedFrame>,
  step: Step,
): Promise<void> {
  for (let read = await reader.read(); !read.done; read = await reader.read())
    if (await step(read.value)) await writer.write(read.value);
}

function microsSince(begun: number): number {
  return (performance.now() - begun) * 1000;
}

// Owns: what the page knows of one receiver, and when the far end is asked for a key frame. Never does: open frames.

import type { Opened } from "./incoming.ts";
import type { FromWorker, Rejection } from "./messages.ts";

export class Receiving {
  readonly #transformer: { options: { id: number }; sendKeyFrameRequest(): Promise<unknown> };
  readonly #post: (message: FromWorker) => void;
  readonly #untold = new Map<Rejection, { count: number; toldAt: number }>();
  /** Keys that frames here wanted and that were not there. */
  readonly #missing = new Set<number>();
  #sender: number | undefined;
  #askedAt = -Infinity;

  constructor(
    transformer: { options: { id: number }; sendKeyFrameRequest(): Promise<unknown> },
    post: (message: FromWorker) => void,
  ) {
    this.#transformer = transformer;
    this.#post = post;
  }

  /** `now` in milliseconds. */
  handle(opened: Opened, now: number): void {
    switch (opened.outcome) {
      case "opened":
        return this.#onSender(opened.sender);
      case "replayed":
        return;
      case "no_key":
        this.#onMissing(opened.kid);
        return this.#onRejected(opened.outcome, opened.kid, now);
      default:
        this.#onRejected(opened.outcome, opened.kid, now);
    }
  }

  /** The frames dropped for want of this key may have been the ones that a decoder begins with. */
  handleKey(kid: number, now: number): void {
    if (!this.#missing.delete(kid) || now - this.#askedAt < REQUEST_INTERVAL_MS) return;
    this.#askedAt = now;
    this.#transformer.sendKeyFrameRequest().catch(() => undefined); // a receiver of sound refuses
  }

  /** What stands here may be another of the same sender's sources. */
  retell(): void {
    this.#sender = undefined;
  }

  #onSender(sender: number): void {
    if (sender === this.#sender) return;
    this.#sender = sender;
    this.#post({ type: "opened", id: this.#transformer.options.id, sender });
  }

  #onMissing(kid: number | undefined): void {
    if (kid !== undefined && this.#missing.size < MAX_MISSING) this.#missing.add(kid);
  }

  #onRejected(reason: Rejection, kid: number | undefined, now: number): void {
    const entry = this.#untold.get(reason) ?? { count: 0, toldAt: -Infinity };
    this.#untold.set(reason, entry);
    entry.count += 1;
    if (now - entry.toldAt < TELL_INTERVAL_MS) return;
    const { id } = this.#transformer.options;
    this.#post({ type: "rejected", id, reason, ...(kid === undefined ? {} : { kid }), count: entry.count });
    Object.assign(entry, { count: 0, toldAt: now });
  }
}

/** Receivers without a key would ask 2.5 times a second; each answer is a large frame for everybody. */
const REQUEST_INTERVAL_MS = 1000;

const TELL_INTERVAL_MS = 1000;

/** Key ids are readable and not authenticated: nobody fills our memory with them. Well above a slot's changes. */
const MAX_MISSING = 64;

// A recording that a page looks at.
//
// Owns: the worker that reads it, and the rounds in which it is read. Never does: show it.

import { Store } from "../keys/store.ts";
import { ReviewFault } from "./fault.ts";
import { addressOf, type ListedRecording } from "./listing.ts";
import type { FromReviewWorker, ToReviewWorker } from "./messages.ts";

export interface Reviewing {
  recording: ListedRecording;
  room: string;
  token: string;
  /** Another ticket, when the first one is over; nothing if there is none. */
  renew: () => Promise<string | undefined>;
  /** What the worker says; of rounds before the last one, nothing. */
  onmessage: (message: FromReviewWorker) => void;
}

export class Review {
  readonly #worker: Worker;
  readonly #reviewing: Reviewing;
  #round = 0;

  /** Throws `ReviewFault` where it can't be opened at all. */
  static async open(reviewing: Reviewing): Promise<Review> {
    const { recording } = reviewing;
    if (recording.isShredded) throw new ReviewFault("shredded", "its keys are destroyed");
    if (!recording.hasEnded) throw new ReviewFault("not_ended", "it is still being made");
    const device = await (await Store.ofPage()).knownDevice("host");
    if (!device) throw new ReviewFault("not_yours", "no device of a therapist in this browser");
    const { room, token } = reviewing;
    // its signing key has no business there
    const { id, agreementKey, agree } = device;
    const review = new Review(reviewing);
    review.#send({
      type: "open",
      address: addressOf(room, location.origin, recording.id),
      token,
      room,
      id: recording.id,
      files: recording.files,
      holder: { id, agreementKey, agree },
    });
    return review;
  }

  private constructor(reviewing: Reviewing) {
    this.#reviewing = reviewing;
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "review" });
    this.#worker.addEventListener(
      "message",
      ({ data }: MessageEvent<FromReviewWorker>) => void this.#handle(data),
    );
    this.#worker.addEventListener("error", ({ message }) => this.#handleError(message));
  }

  /** From there on, these tracks: what comes next is of this place. */
  seek(ms: number, tracks: number[]): void {
    this.#round += 1;
    this.#send({ type: "seek", round: this.#round, ms, tracks });
  }

  /** What is shown. */
  handleHead(ms: number): void {
    this.#send({ type: "head", ms });
  }

  close(): void {
    this.#worker.terminate();
  }

  async #handle(message: FromReviewWorker): Promise<void> {
    if (message.type === "stale") this.#send({ type: "token", token: await this.#reviewing.renew() });
    else if (!("round" in message) || message.round === this.#round) this.#reviewing.onmessage(message);
  }

  #handleError(detail: string): void {
    this.#reviewing.onmessage({ type: "fault", code: "unplayable", detail, place: {} });
  }

  #send(message: ToReviewWorker): void {
    this.#worker.postMessage(message);
  }
}

// Numbers by which nothing is lost or doubled when a socket is.
//
// Owns: what was said and not yet acknowledged, and how far the other side was heard.
// Never does: touch a socket or a clock.

import type { Frame } from "./protocol.ts";

/** The other side broke the rules, or can't be caught up with: the session can't go on. */
export class NumberingFault extends Error {
  override readonly name = "NumberingFault";
}

/** One side of a session; the other one is its mirror image. */
export class Reliable<Out, In> {
  #unacknowledged: Numbered<Out>[] = [];
  #sent = 0;
  #received = 0;
  #told = 0;

  /** Numbers a body. It is kept until it is acknowledged, so it may be said while there is no socket. */
  send(body: Out): Numbered<Out> {
    if (this.#unacknowledged.length >= KEPT_BODIES)
      throw new NumberingFault("the other side acknowledges nothing");
    const kept = { seq: ++this.#sent, ack: this.#received, body };
    this.#unacknowledged.push(kept);
    this.#told = this.#received;
    return kept;
  }

  /** Takes a frame in. Returns its body unless there is none, or it arrived before. */
  receive(frame: Frame<In>): In | undefined {
    this.#acknowledge(frame.ack);
    if (frame.seq === undefined || frame.body === undefined) return undefined;
    if (!Number.isSafeInteger(frame.seq) || frame.seq > this.#received + 1) {
      throw new NumberingFault(`number ${frame.seq} after ${this.#received}`);
    }
    if (frame.seq <= this.#received) return undefined;
    this.#received = frame.seq;
    return frame.body;
  }

  /** The number of the last body that arrived. */
  get received(): number {
    return this.#received;
  }

  /** Something arrived that the other side does not know of yet. */
  get owesAcknowledgement(): boolean {
    return this.#told < this.#received;
  }

  /** Says how far the other side was heard, and nothing else. */
  acknowledgement(): Frame<Out> {
    this.#told = this.#received;
    return { ack: this.#received };
  }

  /** What the new socket has to carry first, when the other side says how far it heard. */
  resume(heard: number): Numbered<Out>[] {
    this.#acknowledge(heard);
    this.#told = this.#received;
    return this.#unacknowledged.map((kept) => ({ ...kept, ack: this.#received }));
  }

  #acknowledge(heard: number): void {
    if (!Number.isSafeInteger(heard) || heard < 0 || heard > this.#sent) {
      throw new NumberingFault(`acknowledged ${heard} of ${this.#sent}`);
    }
    this.#unacknowledged = this.#unacknowledged.filter(({ seq }) => seq > heard);
  }
}

/** A frame that carries a body. */
export interface Numbered<Body> extends Frame<Body> {
  seq: number;
  body: Body;
}

/** As many as the server keeps. Who is further behind does not read any more. */
const KEPT_BODIES = 256;

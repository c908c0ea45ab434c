// Offers and their answers, one after the other.
//
// Owns: the queue, and that an answer belongs to its offer. Never does: retry; whoever asks hears `false`.

import type { ClientBody, ServerBody } from "../signaling/protocol.ts";
import type { Offer } from "./transport.ts";

/** What of a transport is needed here. */
export interface Negotiable {
  offer(iceRestart?: boolean): Promise<Offer>;
  accept(answer: string): Promise<void>;
  rollback(): Promise<void>;
}

type Reply = Extract<ServerBody, { type: "answer" | "failed" }>;

export class Negotiation {
  readonly #transport: Negotiable;
  readonly #send: (body: ClientBody) => number;
  readonly #first: Promise<void>;
  #last: Promise<unknown>;
  #joined: (answer: string) => void = () => undefined;
  #fail: (over: Error) => void = () => undefined;
  readonly #closed = new Promise<never>((_, reject) => (this.#fail = reject));
  #waiting: { to: number; settle: (reply: Reply) => void } | undefined;

  /** `send` returns the number of what it sent. Nothing is offered before `joined`. */
  constructor(transport: Negotiable, send: (body: ClientBody) => number) {
    this.#transport = transport;
    this.#send = send;
    this.#closed.catch(() => undefined);
    const answered = new Promise<string>((resolve) => (this.#joined = resolve));
    this.#last = this.#first = answered.then((sdp) => transport.accept(sdp));
  }

  /** The answer to the offer by which this client came in. Settles when it is in force. */
  async joined(answer: string): Promise<void> {
    this.#joined(answer);
    await this.#first;
  }

  /** Makes a change to the sections and offers it. `false`: refused, and as it was before. Rejects once closed. */
  run(change: () => void, iceRestart = false): Promise<boolean> {
    const run = this.#last.then(() => this.#run(change, iceRestart));
    this.#last = run.catch(() => undefined);
    return Promise.race([run, this.#closed]);
  }

  /** Takes the server's word on an offer. */
  settle(reply: Reply): void {
    if (this.#waiting?.to === reply.to) this.#waiting.settle(reply);
  }

  /** No answer comes any more: whoever waits hears of it. */
  close(): void {
    this.#fail(new Error("the negotiation is over"));
  }

  async #run(change: () => void, iceRestart: boolean): Promise<boolean> {
    change();
    const offer = await this.#transport.offer(iceRestart);
    const to = this.#send({ type: "offer", ...offer });
    const reply = await new Promise<Reply>((settle) => (this.#waiting = { to, settle }));
    this.#waiting = undefined;
    if (reply.type === "answer") await this.#transport.accept(reply.sdp);
    else await this.#transport.rollback();
    return reply.type === "answer";
  }
}

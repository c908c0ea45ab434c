// The call's WebSocket, and the sockets after it.
//
// Owns: opening, heartbeats, noticing that a socket is dead, taking the session up on a new one.
// Never does: know what the messages mean, or come in again once the session is gone; `Session` does.

import { Backoff } from "./backoff.ts";
import { outcomeOf, type Outcome } from "./closes.ts";
import {
  SUBPROTOCOL,
  type ClientBody,
  type Frame,
  type Joining,
  type Opening,
  type ServerBody,
  type Welcome,
} from "./protocol.ts";
import { NumberingFault, Reliable } from "./reliable.ts";
import { onWake, type Wake } from "./wake.ts";

export type Joined = Extract<Welcome, { type: "joined" }>;

/** Why nothing comes any more. */
export interface Closing {
  outcome: Exclude<Outcome, { then: "resume" }>;
  /** For support. */
  detail: string;
}

export interface CallSocketEvents {
  joined(welcome: Joined): void;
  received(body: ServerBody): void;
  /** The socket is lost; what is sent now goes out later. */
  away(): void;
  /** Taken up again, without a gap. */
  back(): void;
  /** Over: nothing follows. */
  closed(closing: Closing): void;
}

/** One session of signaling. */
export class CallSocket {
  readonly #url: string;
  readonly #events: CallSocketEvents;
  readonly #numbers = new Reliable<ClientBody, ServerBody>();
  readonly #backoff = new Backoff();
  readonly #stopWaking = onWake((wake) => this.#woken(wake));
  #phase: "joining" | "live" | "away" | "over" = "joining";
  #session = "";
  #socket: WebSocket | undefined;
  #heardAt = 0;
  /** Since the first loss that no socket has outlived by a heartbeat. */
  #awaySince: number | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #acknowledge: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  /** The socket opens while the offer is still being made: that saves its round trips. */
  constructor(origin: string, joining: Promise<Joining>, events: CallSocketEvents) {
    this.#url = callUrl(origin);
    this.#events = events;
    this.#open(joining.then((join) => ({ type: "join", ...join })));
  }

  /** Says something, now or as soon as there is a socket. Returns its number, or 0 when all is over. */
  send(body: ClientBody): number {
    if (this.#phase === "over") return 0;
    try {
      const frame = this.#numbers.send(body);
      if (this.#phase === "live") this.#write(frame);
      return frame.seq;
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  /** Ends it from this side, without a word to `events`. What was sent before still goes out. */
  close(): void {
    this.#stop();
    this.#socket?.close(NORMAL_CLOSURE);
    this.#socket = undefined;
  }

  /** What is rejected, its maker tells. */
  #open(opening: Promise<Opening>): void {
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    this.#socket = socket;
    const current = () => this.#socket === socket;
    const isOpen = new Promise((resolve) => socket.addEventListener("open", resolve));
    Promise.all([opening, isOpen]).then(
      ([words]) => current() && socket.send(JSON.stringify(words)),
      () => undefined,
    );
    socket.addEventListener("message", (event) => current() && this.#heard(event.data));
    socket.addEventListener("close", (event) => current() && this.#closed(event));
    this.#deadline = setTimeout(() => this.#abandon("no answer to the opening"), OPENING_MS);
  }

  #heard(data: unknown): void {
    this.#heardAt = performance.now();
    try {
      const message = parse(data);
      if (this.#phase === "live") this.#take(message as unknown as Frame<ServerBody>);
      else this.#welcome(message as unknown as Welcome);
    } catch (error) {
      this.#fail(error);
    }
  }

  #welcome(welcome: Welcome): void {
    clearTimeout(this.#deadline);
    const before = this.#phase;
    this.#phase = "live";
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    if (before === "joining" && welcome.type === "joined") {
      this.#session = welcome.session;
      for (const frame of this.#numbers.resume(0)) this.#write(frame);
      this.#events.joined(welcome);
    } else if (before === "away" && welcome.type === "resumed") {
      for (const frame of this.#numbers.resume(welcome.received)) this.#write(frame);
      this.#events.back();
    } else {
      throw new NumberingFault(`${welcome.type} while ${before}`);
    }
  }

  #take(frame: Frame<ServerBody>): void {
    const body = this.#numbers.receive(frame);
    if (body !== undefined) this.#events.received(body);
    if (this.#numbers.owesAcknowledgement && this.#phase === "live") {
      this.#acknowledge ??= setTimeout(() => this.#write(this.#numbers.acknowledgement()), ACKNOWLEDGE_MS);
    }
  }

  #write(frame: Frame<ClientBody>): void {
    clearTimeout(this.#acknowledge);
    this.#acknowledge = undefined;
    this.#socket?.send(JSON.stringify(frame));
  }

  #beat(): void {
    if (performance.now() - this.#heardAt > SILENCE_MS) return this.#abandon("silent");
    // Only a socket that lived this long is one: a server that closes each at once is not asked again at once.
    this.#awaySince = undefined;
    this.#backoff.reset();
    this.#write(this.#numbers.acknowledgement());
  }

  /** Gives a socket up that will not tell of its end by itself, or not in time. */
  #abandon(why: string): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#lost(why);
  }

  #closed({ code, reason }: { code: number; reason: string }): void {
    this.#socket = undefined;
    const outcome = outcomeOf({ code, reason });
    if (outcome.then === "resume") this.#lost(`socket closed ${code} ${reason}`);
    else this.#finish({ outcome, detail: `${reason || "closed"} (${code})` });
  }

  #lost(why: string): void {
    this.#stopTimers();
    if (this.#phase === "over") return;
    const now = performance.now();
    this.#awaySince ??= now;
    if (this.#phase === "live") {
      this.#phase = "away";
      this.#events.away();
    }
    const hopeless = this.#phase === "joining" || now - this.#awaySince > RESUME_FOR_MS;
    if (hopeless) this.#finish({ outcome: { then: "rejoin", otherwise: "server_gone" }, detail: why });
    else this.#retry = setTimeout(() => this.#resume(), this.#backoff.next());
  }

  #resume(): void {
    this.#retry = undefined;
    const { received } = this.#numbers;
    this.#open(Promise.resolve({ type: "resume", session: this.#session, received }));
  }

  #woken(wake: Wake): void {
    if (this.#phase === "away" && this.#retry !== undefined) {
      clearTimeout(this.#retry);
      this.#resume();
    } else if (
      this.#phase === "live" &&
      (wake === "online" || performance.now() - this.#heardAt > SUSPECT_MS)
    ) {
      // Resuming costs one round trip and loses nothing; waiting for a dead socket costs up to 25 s.
      this.#abandon(`woken: ${wake}`);
    }
  }

  #fail(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    this.#socket?.close(CLOSED_AS_MALFORMED, "malformed");
    this.#socket = undefined;
    this.#finish({ outcome: { then: "end", code: "fault" }, detail });
  }

  #finish(closing: Closing): void {
    if (this.#phase === "over") return;
    this.#stop();
    this.#events.closed(closing);
  }

  #stop(): void {
    this.#phase = "over";
    this.#stopTimers();
    this.#stopWaking();
  }

  #stopTimers(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    clearTimeout(this.#acknowledge);
    clearInterval(this.#heartbeat);
    this.#retry = this.#acknowledge = undefined;
  }
}

function callUrl(origin: string): string {
  const url = new URL("/api/v1/call", origin);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  return url.href;
}

function parse(data: unknown): object {
  const message: unknown = typeof data === "string" ? JSON.parse(data) : undefined;
  if (typeof message !== "object" || message === null) throw new NumberingFault("not a message");
  return message;
}

const NORMAL_CLOSURE = 1000;
const CLOSED_AS_MALFORMED = 4400;
/** The server gives the same time for the first message; connecting over a bad line takes 3 to 5 s. */
const OPENING_MS = 10_000;
/** The protocol's: a session that says nothing else says how far it heard. */
const HEARTBEAT_MS = 10_000;
/** The protocol's: what arrived is acknowledged within this. */
const ACKNOWLEDGE_MS = 1000;
/** The protocol's: two heartbeats and a half. */
const SILENCE_MS = 25_000;
/** A heartbeat and two seconds of delay: a page that slept looks twice at a socket that silent. */
const SUSPECT_MS = 12_000;
/** The protocol's: a session without a socket lives this long. */
const RESUME_FOR_MS = 30_000;

// When lost media is worth an ICE restart, and when it is beyond one.
//
// Owns: the patience. Never does: restart or rejoin.

export interface HealthEvents {
  restart(): void;
  /** Not to be had again on this connection. `never`: it never was there. */
  lost(never: boolean): void;
}

/** Watches one connection, from the answer on. */
export class Health {
  readonly #events: HealthEvents;
  #state: RTCPeerConnectionState = "new";
  #signaling = true;
  #everConnected = false;
  #networkChanged = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(events: HealthEvents) {
    this.#events = events;
    this.#after(CONNECT_MS, () => events.lost(true));
  }

  get connected(): boolean {
    return this.#state === "connected";
  }

  connection(state: RTCPeerConnectionState): void {
    this.#state = state;
    if (state === "connected") this.#everConnected = true;
    if (state === "connected" || this.#everConnected) this.#judge();
    else if (state === "failed") this.#events.lost(true);
  }

  /** Without signaling nothing can be restarted; with it again there is no reason to wait. */
  signaling(up: boolean): void {
    this.#signaling = up;
    if (!up) clearTimeout(this.#timer);
    else if (this.#everConnected && (!this.connected || this.#networkChanged)) this.#restart();
    else if (!this.#everConnected) this.#after(CONNECT_MS, () => this.#events.lost(true));
  }

  /** The browser found a network again, perhaps another one: old paths are not waited for. */
  networkChanged(): void {
    this.#networkChanged = true;
    if (this.#signaling && this.#everConnected) this.#restart();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#state = "closed";
  }

  #judge(): void {
    if (this.#state === "connected") clearTimeout(this.#timer);
    else if (!this.#signaling) return;
    else if (this.#state === "disconnected") this.#after(DISCONNECTED_MS, () => this.#restart());
    else if (this.#state === "failed") this.#restart();
  }

  #restart(): void {
    this.#networkChanged = false;
    // A connection that was only suspected may stay `connected` all the while.
    this.#after(RESTART_MS, () => this.connected || this.#events.lost(false));
    this.#events.restart();
  }

  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }
}

/** Loss on a bad line makes DTLS wait 1, 2, 4 s; beyond that something is in the way. */
const CONNECT_MS = 15_000;
/** Browsers say `disconnected` after some seconds without a sign; most such pauses are over soon after. */
const DISCONNECTED_MS = 1000;
/** A restart is one round trip of signaling and one of ICE; a second try of each fits in. */
const RESTART_MS = 8000;

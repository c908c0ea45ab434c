// A call.
//
// Owns: the public face. Never does: draw, or open a device.

import type { CallStatistics } from "../media/statistics.ts";
import type { SessionState } from "./types.ts";

export interface JoinOptions {
  /** Of the server; by default where the page comes from. */
  origin?: string;
  /** By which a token that ran out is renewed when a lost call is taken up again. */
  invitation?: string;
  token: string;
  room: string;
  secret: Uint8Array;
  /** Shown to the others: 1 to 64 characters. */
  name: string;
  microphone?: MediaStreamTrack | null;
  camera?: MediaStreamTrack | null;
}

export class Session {
  static join(options: JoinOptions): Session {
    return new Session(options);
  }

  #state: SessionState = { phase: "joining", people: [], locked: false };
  private constructor(readonly options: JoinOptions) {}

  get state(): SessionState {
    return this.#state;
  }

  subscribe(listener: (state: SessionState) => void): () => void {
    listener(this.#state);
    return () => undefined;
  }

  async setMicrophone(_track: MediaStreamTrack | null): Promise<void> {}
  setMuted(_muted: boolean): void {}
  async setCamera(_track: MediaStreamTrack | null): Promise<void> {}
  async setScreen(_stream: MediaStream | null): Promise<void> {}
  raiseHand(_raised: boolean): void {}
  remove(_id: number): void {}
  lock(_locked: boolean): void {}
  endForAll(): void {}
  leave(): void {}
  async statistics(): Promise<CallStatistics> {
    throw new Error("not joined");
  }
}

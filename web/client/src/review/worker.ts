// The worker itself: its globals, and nothing else.
//
// Owns: the wiring. Never does: decide.

import type { ToReviewWorker } from "./messages.ts";
import { Reel } from "./reel.ts";

/** TypeScript's library of the page has no names for a worker's globals, and the two libraries exclude each other. */
interface Scope {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  reportError(error: unknown): void;
  onmessage: (event: MessageEvent<ToReviewWorker>) => void;
}

const scope = globalThis as unknown as Scope;
const reel = new Reel(
  (message, transfer = []) => scope.postMessage(message, transfer),
  (error) => scope.reportError(error),
);
scope.onmessage = ({ data }) => reel.handle(data);

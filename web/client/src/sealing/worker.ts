// The worker itself: its globals, and nothing else.
//
// Owns: the wiring. Never does: decide.

import type { ToWorker } from "./messages.ts";
import { Pipelines, type Transformer } from "./pipelines.ts";

/** TypeScript's library of the page has no names for a worker's globals, and the two libraries exclude each other. */
interface Scope {
  postMessage(message: unknown): void;
  reportError(error: unknown): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
  onrtctransform: (event: { transformer: Transformer }) => void;
}

const scope = globalThis as unknown as Scope;
const pipelines = new Pipelines(
  (message) => scope.postMessage(message),
  (error) => scope.reportError(error),
);
scope.onmessage = ({ data }) => pipelines.handle(data);
scope.onrtctransform = ({ transformer }) => pipelines.attach(transformer);

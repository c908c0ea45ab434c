// What the view of a call sees, and may do.
//
// Owns: the seam between view and session, so that a view can be drawn without a server.

import type {
  CallStatistics,
  DeviceError,
  LinkErrorCode,
  Notice,
  RecordingWish,
  SessionState,
} from "@rapport/client";
import type { Capture } from "../parts/capture.svelte";

export interface CallFace {
  readonly state: SessionState;
  /** What the session is called. */
  readonly title: string;
  readonly demo: boolean;
  /** May lock, remove and end. */
  readonly host: boolean;
  readonly capture: Capture;
  readonly sharing: boolean;
  /** The browser asks what to share. */
  readonly choosingScreen: boolean;
  readonly screenFault: DeviceError | undefined;
  readonly mutedSpeaking: boolean;

  toggleMicrophone(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  toggleHand(): void;
  chooseMicrophone(id: string): void;
  chooseCamera(id: string): void;
  chooseSpeaker(id: string): void;
  /** Of the notice about a device that did not open. */
  forgetFaults(): void;
  remove(id: number): void;
  /** Lets in who waits. Hosts only, as the next two. */
  admit(stay: string): void;
  refuse(stay: string): void;
  putBack(stay: string): void;
  /** One more link for guests; `undefined`, or what is wrong. Hosts only, as the next. */
  invite(): Promise<LinkErrorCode | undefined>;
  takeBack(invitation: string): Promise<LinkErrorCode | undefined>;
  /** The words were compared, and are the same. */
  match(stay: string): void;
  dismiss(notice: Notice): void;
  /** Asks everybody whether they agree to a recording. Hosts only. */
  propose(wish: RecordingWish): void;
  /** To what was proposed: yes, or no at any time. */
  answer(proposal: string, yes: boolean): void;
  lock(locked: boolean): void;
  endForAll(): void;
  leave(): void;
  /** Gives this attempt up and begins another one. */
  again(): void;
  statistics(): Promise<CallStatistics>;
}

// A running call, between the session of the client library and what is drawn.
//
// Owns: handing tracks from the devices to the session, the shared screen, the watch for talking while muted, the tone of
// a recording.
// Never does: draw.

import {
  type CallStatistics,
  DeviceError,
  LinkError,
  type LinkErrorCode,
  type Notice,
  openScreen,
  playRecordingTone,
  type RecordingWish,
  type Redeemed,
  type Session,
  type SessionState,
} from "@rapport/client";
import { untrack } from "svelte";
import type { Capture } from "../parts/capture.svelte";
import type { CallFace } from "./face";
import { MutedSpeech } from "./muted-speech";

export class Call implements CallFace {
  state = $state.raw<SessionState>(BEFORE);
  sharing = $state(false);
  /** The browser asks what to share. */
  choosingScreen = $state(false);
  screenFault = $state.raw<DeviceError>();
  mutedSpeaking = $state(false);

  readonly title: string;
  readonly demo: boolean;
  readonly host: boolean;
  #screen: MediaStream | undefined;
  #over = false;

  /** To be made where effects may be: while a component begins. */
  constructor(
    readonly session: Session,
    readonly capture: Capture,
    ticket: Pick<Redeemed, "title" | "demo" | "standing">,
    readonly again: () => void,
  ) {
    this.title = ticket.title;
    this.demo = ticket.demo;
    this.host = ticket.standing === "host";
    $effect(() => session.subscribe((state) => (this.state = state)));
    // Also when a device is pulled out: the session then knows that there is none.
    let microphone = capture.microphone;
    $effect(() => {
      if (capture.opening.microphone || capture.microphone === microphone) return;
      microphone = capture.microphone;
      void session.setMicrophone(microphone);
    });
    let camera = capture.camera;
    $effect(() => {
      // While one camera is changed for another, the others do not see it go off and on.
      if (capture.opening.camera || capture.camera === camera) return;
      camera = capture.camera;
      void session.setCamera(camera);
    });
    $effect(() => session.setMuted(capture.muted));
    $effect(() => this.#watchMuted());
    let isOn = false;
    $effect(() => {
      const now = this.state.recording?.isOn ?? false;
      if (now === isOn) return;
      isOn = now;
      const speaker = untrack(() => capture.chosen.speaker);
      // where no sound can be played, the sign and the sentence remain
      void playRecordingTone(now ? "start" : "stop", speaker || undefined).catch(() => undefined);
    });
    $effect(() => () => this.#close());
  }

  toggleMicrophone(): void {
    if (this.capture.microphone) return this.capture.setMuted(!this.capture.muted);
    this.capture.setMuted(false);
    void this.capture.open("microphone");
  }

  toggleCamera(): void {
    if (this.capture.camera || this.capture.opening.camera) this.capture.stop("camera");
    else void this.capture.open("camera");
  }

  toggleScreen(): void {
    if (this.sharing) this.#stopScreen();
    else if (!this.choosingScreen) void this.#startScreen();
  }

  toggleHand(): void {
    const you = this.state.people.find((person) => person.you);
    this.session.raiseHand(!you?.hand);
  }

  chooseMicrophone(id: string): void {
    void this.capture.open("microphone", id);
  }

  chooseCamera(id: string): void {
    void this.capture.open("camera", id);
  }

  chooseSpeaker(id: string): void {
    this.capture.chosen.speaker = id;
  }

  forgetFaults(): void {
    this.screenFault = undefined;
    this.capture.faults = {};
    this.capture.lost.camera = false;
  }

  /** Out of the room, and its device does not come in again unasked. */
  remove(id: number): void {
    const stay = this.state.people.find((person) => person.id === id)?.trust?.stay;
    if (stay) this.session.refuse(stay);
    this.session.remove(id);
  }

  admit(stay: string): void {
    this.session.admit(stay);
  }

  refuse(stay: string): void {
    this.session.refuse(stay);
  }

  putBack(stay: string): void {
    this.session.putBack(stay);
  }

  invite(): Promise<LinkErrorCode | undefined> {
    return faultOf(this.session.invite());
  }

  takeBack(invitation: string): Promise<LinkErrorCode | undefined> {
    return faultOf(this.session.takeBack(invitation));
  }

  match(stay: string): void {
    this.session.match(stay);
  }

  dismiss(notice: Notice): void {
    this.session.dismiss(notice);
  }

  propose(wish: RecordingWish): void {
    this.session.propose(wish);
  }

  answer(proposal: string, yes: boolean): void {
    this.session.answer(proposal, yes);
  }

  lock(locked: boolean): void {
    this.session.lock(locked);
  }

  endForAll(): void {
    this.session.endForAll();
  }

  leave(): void {
    this.session.leave();
  }

  statistics(): Promise<CallStatistics> {
    return this.session.statistics();
  }

  #close(): void {
    this.#over = true;
    this.#stopScreen();
  }

  async #startScreen(): Promise<void> {
    const screen = await this.#chooseScreen();
    if (!screen) return;
    this.#screen = screen;
    this.sharing = true;
    // The browser has a button of its own to stop.
    screen
      .getVideoTracks()[0]
      ?.addEventListener("ended", () => this.#screen === screen && this.#stopScreen());
    try {
      await this.session.setScreen(screen);
    } catch (error) {
      if (this.#screen !== screen) return;
      this.#stopScreen();
      if (error instanceof DeviceError) this.screenFault = error;
    }
  }

  /** A choice that is made after the call is over is stopped at once. */
  async #chooseScreen(): Promise<MediaStream | undefined> {
    this.screenFault = undefined;
    this.choosingScreen = true;
    try {
      const screen = await openScreen();
      if (!this.#over) return screen;
      stopAll(screen);
    } catch (error) {
      // Whoever closed the choice knows it.
      if (error instanceof DeviceError && error.code !== "dismissed") this.screenFault = error;
    } finally {
      this.choosingScreen = false;
    }
    return undefined;
  }

  #stopScreen(): void {
    if (!this.#screen) return;
    stopAll(this.#screen);
    this.#screen = undefined;
    this.sharing = false;
    void this.session.setScreen(null);
  }

  #watchMuted(): (() => void) | undefined {
    const { microphone, muted } = this.capture;
    if (!microphone || !muted) return undefined;
    const speech = new MutedSpeech(microphone, (speaking) => (this.mutedSpeaking = speaking));
    return () => {
      speech.close();
      this.mutedSpeaking = false;
    };
  }
}

/** Of a session that has not told anything yet. */
const BEFORE: SessionState = {
  phase: "joining",
  people: [],
  locked: false,
  standing: "alone",
  isHeld: false,
  isHostAuthenticated: false,
  hosts: [],
  waiting: [],
  links: [],
  notices: [],
  isLasting: true,
  canRecord: false,
  recording: undefined,
};

async function faultOf(work: Promise<void>): Promise<LinkErrorCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof LinkError ? error.code : "fault";
  }
}

function stopAll(stream: MediaStream): void {
  stream.getTracks().forEach((track) => track.stop());
}

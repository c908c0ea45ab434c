// Sends what is switched on.
//
// Owns: the tracks in the sending sections, and their limits. Never does: capture, or stop a capture.

import type { Source } from "../signaling/protocol.ts";
import { AUDIO_ENCODING, cameraEncoding, SCREEN_ENCODING } from "./limits.ts";
import type { Negotiation } from "./negotiation.ts";
import type { Own } from "./own.ts";
import type { Transport } from "./transport.ts";

export class Publisher {
  readonly #transport: Transport;
  readonly #negotiation: Negotiation;
  readonly #own: Readonly<Own>;
  #people = 1;
  #setting: Promise<unknown> = Promise.resolve();
  #screens: Promise<boolean> = Promise.resolve(true);

  /** Adds the first two sections. They carry nothing until `apply`. */
  constructor(transport: Transport, negotiation: Negotiation, own: Readonly<Own>) {
    this.#transport = transport;
    this.#negotiation = negotiation;
    this.#own = own;
    const face = new MediaStream();
    transport.addSource("microphone", face, AUDIO_ENCODING);
    transport.addSource("camera", face, cameraEncoding(this.#people));
  }

  /**
   * Puts the tracks that are switched on into their sections, at once but for a screen that has no section yet.
   * `false`: the server takes no screen.
   */
  async apply(): Promise<boolean> {
    // A camera that is switched off does not wait for the negotiation of a screen.
    const screens = (this.#screens = this.#screens.catch(() => true).then(() => this.#applyScreen()));
    await this.#replace("microphone", this.#own.microphone, "speech");
    await this.#replace("camera", this.#own.camera, "motion");
    return await screens;
  }

  /** Adapts the camera to the number of people. */
  limit(people: number): void {
    if (people === this.#people) return;
    this.#people = people;
    this.#prefer("camera", "maintain-framerate", cameraEncoding(people));
  }

  /** After the first answer: the browser has no parameters to set before. */
  negotiated(): void {
    this.#prefer("camera", "maintain-framerate", cameraEncoding(this.#people));
  }

  async #applyScreen(): Promise<boolean> {
    const added = await this.#addMissing(this.#screenTracks());
    const { screen, screen_audio } = this.#screenTracks();
    await this.#replace("screen", screen, "detail");
    await this.#replace("screen_audio", screen_audio, "music");
    return added;
  }

  async #addMissing(tracks: ScreenTracks): Promise<boolean> {
    const missing = SCREEN_SOURCES.filter((source) => tracks[source] && !this.#transport.sender(source));
    if (missing.length === 0) return true;
    const together = new MediaStream();
    const added = await this.#negotiation.run(() => {
      for (const source of missing) {
        const encoding = source === "screen" ? SCREEN_ENCODING : AUDIO_ENCODING;
        this.#transport.addSource(source, together, encoding);
      }
    });
    if (added) this.#prefer("screen", "maintain-resolution", SCREEN_ENCODING);
    return added;
  }

  #screenTracks(): ScreenTracks {
    const [screen = null] = this.#own.screen?.getVideoTracks() ?? [];
    const [screen_audio = null] = this.#own.screen?.getAudioTracks() ?? [];
    return { screen, screen_audio };
  }

  async #replace(source: Source, track: MediaStreamTrack | null, hint: string): Promise<void> {
    const sender = this.#transport.sender(source);
    if (!sender || sender.track === track) return;
    if (track && track.contentHint === "") track.contentHint = hint;
    await sender.replaceTrack(track);
  }

  /** One at a time: a browser refuses parameters that were read before the last change. */
  #prefer(source: Source, degradation: RTCDegradationPreference, encoding: RTCRtpEncodingParameters): void {
    this.#setting = this.#setting
      .then(() => setParameters(this.#transport.sender(source), degradation, encoding))
      // An old browser that knows not all of this sends by its own limits.
      .catch(() => undefined);
  }
}

const SCREEN_SOURCES = ["screen", "screen_audio"] as const;
type ScreenTracks = Record<(typeof SCREEN_SOURCES)[number], MediaStreamTrack | null>;

async function setParameters(
  sender: RTCRtpSender | undefined,
  degradationPreference: RTCDegradationPreference,
  encoding: RTCRtpEncodingParameters,
): Promise<void> {
  if (!sender) return;
  const parameters = sender.getParameters();
  const encodings = parameters.encodings.map((known) => ({ ...known, ...encoding }));
  await sender.setParameters({ ...parameters, degradationPreference, encodings });
}

// The one peer connection of a stay in the room.
//
// Owns: sections and their sealed transceivers, descriptions, what stands under which `a=mid`.
// Never does: decide when to negotiate, or speak with the server.

import { Sealer, senderOf, type FaultEvent } from "../sealing/index.ts";
import type { Source, SourceSection } from "../signaling/protocol.ts";
import { preferCodecs } from "./codecs.ts";
import { amend } from "./sdp.ts";

export interface TransportEvents {
  connection(state: RTCPeerConnectionState): void;
  /** The first frame of this sender was authenticated there. */
  opened(mid: string, sender: number): void;
  /** Frames under this sender's key were not authentic. */
  unauthentic(sender: number): void;
  /** Sealing is over, and the own media is stopped already. */
  fault(event: FaultEvent): void;
}

/** What goes to the server. */
export interface Offer {
  sdp: string;
  sources: SourceSection[];
}

export class Transport {
  readonly sealer: Sealer;
  readonly #connection: RTCPeerConnection;
  readonly #sources = new Map<Source, RTCRtpTransceiver>();
  readonly #av1: boolean;
  #places: RTCRtpTransceiver[] = [];

  /** `av1`: pictures are offered by it first. */
  constructor(events: TransportEvents, av1 = false) {
    this.#av1 = av1;
    // The server has public addresses, in its answer: nothing else is needed to find it.
    this.#connection = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: [] });
    this.#connection.addEventListener("connectionstatechange", () =>
      events.connection(this.#connection.connectionState),
    );
    this.sealer = new Sealer(this.#connection);
    this.sealer.onopened = ({ transceiver, sender }) =>
      transceiver.mid && events.opened(transceiver.mid, sender);
    this.sealer.onrejected = ({ reason, kid }) => {
      if (reason === "unauthenticated" && kid !== undefined) events.unauthentic(senderOf(kid));
    };
    this.sealer.onfault = (event) => events.fault(event);
  }

  /** A section to send in, without a track yet. `stream` tells receivers what belongs together in time. */
  addSource(source: Source, stream: MediaStream, encoding: RTCRtpEncodingParameters): void {
    const kind = kindOf(source);
    const transceiver = this.sealer.addSender(kind, { streams: [stream], sendEncodings: [encoding] });
    preferCodecs(transceiver, kind, this.#av1);
    this.#sources.set(source, transceiver);
  }

  /** Places to receive in, each pair one for sound and one for a picture. */
  addPairs(count: number): void {
    for (let i = 0; i < count; i++) {
      for (const kind of ["audio", "video"] as const) {
        const transceiver = this.sealer.addReceiver(kind);
        preferCodecs(transceiver, kind, this.#av1);
        this.#places.push(transceiver);
      }
    }
  }

  get pairs(): number {
    return this.#places.length / 2;
  }

  sender(source: Source): RTCRtpSender | undefined {
    return this.#sources.get(source)?.sender;
  }

  /** What is sent under this `a=mid`. */
  sourceAt(mid: string): Source | undefined {
    return [...this.#sources].find(([, transceiver]) => transceiver.mid === mid)?.[0];
  }

  /** What is received under this `a=mid`. */
  trackAt(mid: string): MediaStreamTrack | undefined {
    return this.#places.find((transceiver) => transceiver.mid === mid)?.receiver.track;
  }

  /** Asks to be told again who is opened under this `a=mid`. */
  retellOpened(mid: string): void {
    const place = this.#places.find((transceiver) => transceiver.mid === mid);
    if (place) this.sealer.retellOpened(place);
  }

  /** Candidates are not awaited: the server, ICE-lite, answers whatever address checks come from. */
  async offer(iceRestart = false): Promise<Offer> {
    const { sdp = "" } = await this.#connection.createOffer({ iceRestart });
    const amended = amend(sdp);
    try {
      await this.#connection.setLocalDescription({ type: "offer", sdp: amended });
    } catch {
      // A browser that takes its own words only: what is sent follows the answer anyway, which is amended too.
      await this.#connection.setLocalDescription({ type: "offer", sdp });
    }
    return { sdp: amended, sources: this.#sections() };
  }

  async accept(answer: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: "answer", sdp: amend(answer) });
  }

  /** The offer was refused: all is as before it, and what it would have added is gone. */
  async rollback(): Promise<void> {
    await this.#connection.setLocalDescription({ type: "rollback" });
    const isNew = (transceiver: RTCRtpTransceiver) => transceiver.mid === null;
    for (const [source, transceiver] of this.#sources) {
      if (isNew(transceiver)) this.#sources.delete(source);
    }
    this.#places = this.#places.filter((transceiver) => !isNew(transceiver));
    for (const transceiver of this.#connection.getTransceivers()) {
      if (isNew(transceiver)) this.sealer.drop(transceiver);
    }
  }

  report(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  close(): void {
    this.sealer.close();
    this.#connection.close();
  }

  #sections(): SourceSection[] {
    return [...this.#sources].flatMap(([source, { mid }]) => (mid === null ? [] : [{ mid, source }]));
  }
}

export function kindOf(source: Source): "audio" | "video" {
  return source === "microphone" || source === "screen_audio" ? "audio" : "video";
}

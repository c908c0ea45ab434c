// Seals all that one RTCPeerConnection sends, and opens all that it receives.
//
// Owns: the worker, the transceivers' transforms, the watch over what leaves. Never does: negotiate, capture or
// render; let anything leave in clear.
//
// The rules here were learnt by running browsers. Chromium sends clear frames, without any error, if a transform is
// set one task after its transceiver was made, and the property reads back as set. So a transceiver is made without a
// track and gets its transform in the same synchronous block; the key may come later, and until then frames are
// dropped. A transform is never taken off: that would be clear media in every browser.

import { requireSenderKey, type SenderKey } from "./keys.ts";
import { requestKeyFrame } from "./keyframe.ts";
import { noCounts, type FromWorker, type Rejection, type SealingCounts } from "./messages.ts";
import type { ToWorker, TransformOptions } from "./messages.ts";
import { readSender } from "./reading.ts";
import { Watchdog } from "./watchdog.ts";

/** For tests and for unusual machines; the defaults are right for calls. */
export interface SealerOptions {
  /** Where the counter of each own key begins. */
  firstCounter?: number;
  /** How often what leaves is compared with what was sealed, in milliseconds. */
  watchdogMs?: number;
}

/** The first frame of this sender on this transceiver was authenticated, or the first since `retellOpened`. */
export interface OpenedEvent {
  transceiver: RTCRtpTransceiver;
  sender: number;
}

/** Received frames were dropped: `count` since the last such event of this transceiver and reason. */
export interface RejectedEvent {
  transceiver: RTCRtpTransceiver;
  reason: Rejection;
  kid?: number;
  count: number;
}

/** Sealing failed; every sender is already without a track. */
export interface FaultEvent {
  /** `no_codec`: this browser does not say of which codec its frames are, so it can't be used for sealed calls. */
  reason: "clear_packets" | "worker_dead" | "no_codec";
  detail: string;
}

/** True if this browser has what can be asked for; whether its frames name their codec shows only in a call. */
export function canSeal(): boolean {
  return (
    typeof RTCRtpScriptTransform === "function" &&
    typeof RTCRtpSender === "function" &&
    "transform" in RTCRtpSender.prototype &&
    "transform" in RTCRtpReceiver.prototype &&
    typeof globalThis.crypto?.subtle === "object"
  );
}

export class Sealer {
  onopened: (event: OpenedEvent) => void = () => {};
  /** At most once a second for each transceiver and reason. */
  onrejected: (event: RejectedEvent) => void = () => {};
  /** At most once. */
  onfault: (event: FaultEvent) => void = () => {};

  readonly #connection: RTCPeerConnection;
  readonly #worker: Worker;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #sending = new Map<number, { transceiver: RTCRtpTransceiver; watchdog: Watchdog }>();
  readonly #receiving = new Map<number, RTCRtpTransceiver>();
  /** Who waits for the report of a round. */
  readonly #waiting = new Map<number, (report: Report) => void>();
  #lastReport: Report = { type: "report", round: 0, counts: noCounts(), sealed: [] };
  #ids = 0;
  #rounds = 0;
  #looking = false;
  #silentTicks = 0;
  #over = false;

  constructor(connection: RTCPeerConnection, options: SealerOptions = {}) {
    this.#connection = connection;
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "sealing" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.#handle(data));
    this.#worker.addEventListener("error", ({ message }) => this.#onError(message));
    this.#post({ type: "start", firstCounter: options.firstCounter ?? 0 });
    this.#timer = setInterval(() => void this.#tick(), options.watchdogMs ?? WATCHDOG_MS);
  }

  /** A sealed transceiver that sends; its track comes later, by `sender.replaceTrack`. Throws if it can't be sealed. */
  addSender(kind: "audio" | "video", init: RTCRtpTransceiverInit = {}): RTCRtpTransceiver {
    const id = this.#nextId();
    // no `await`, no callback between these two lines: see the top of this file
    const transceiver = this.#connection.addTransceiver(kind, { ...init, direction: "sendonly" });
    setTransform(transceiver, transceiver.sender, this.#transform({ direction: "send", id }));
    this.#sending.set(id, { transceiver, watchdog: new Watchdog() });
    return transceiver;
  }

  /** A transceiver that receives, and lets nothing but opened frames through to its decoder. */
  addReceiver(kind: "audio" | "video"): RTCRtpTransceiver {
    const id = this.#nextId();
    const transceiver = this.#connection.addTransceiver(kind, { direction: "recvonly" });
    setTransform(transceiver, transceiver.receiver, this.#transform({ direction: "receive", id }));
    this.#receiving.set(id, transceiver);
    return transceiver;
  }

  /**
   * From now on frames are sealed with this key, beginning with a key frame. A key given before goes on with its former
   * counter.
   */
  setSendKey(key: SenderKey): void {
    requireSenderKey(key);
    this.#post({ type: "send_key", ...key });
  }

  /** From now on frames under this key are opened. The same key again changes nothing. */
  setReceiveKey(key: SenderKey): void {
    requireSenderKey(key);
    this.#post({ type: "receive_key", ...key });
  }

  /** Opens nothing more under this key. */
  forgetKey(kid: number): void {
    this.#post({ type: "forget_key", kid });
  }

  /** Sends nothing for now, whatever key is there. */
  hold(held: boolean): void {
    this.#post({ type: "hold", held });
  }

  /** Opens nothing more of a sender who is gone. What was opened is remembered, should their key come again. */
  forgetSender(senderIndex: number): void {
    this.#post({ type: "forget", sender: senderIndex });
  }

  /** Forgets a transceiver, and stops it: without that it would go on in the sums, and in the watch. */
  drop(transceiver: RTCRtpTransceiver): void {
    transceiver.stop();
    const sending = [...this.#sending].find(([, known]) => known.transceiver === transceiver);
    const receiving = [...this.#receiving].find(([, known]) => known === transceiver);
    const [id] = sending ?? receiving ?? [];
    if (id === undefined) return;
    this.#sending.delete(id);
    this.#receiving.delete(id);
    this.#post({ type: "drop", id });
  }

  /** `onopened` comes again for this transceiver with the next frame that is opened there. */
  retellOpened(transceiver: RTCRtpTransceiver): void {
    const [id] = [...this.#receiving].find(([, known]) => known === transceiver) ?? [];
    if (id !== undefined) this.#post({ type: "retell", id });
  }

  /** Asks every video encoder for a key frame, by whatever the browser has for it. */
  requestKeyFrames(): void {
    this.#post({ type: "key_frames" });
  }

  /** What was done so far; once sealing is over, the last that was heard. */
  async counts(): Promise<SealingCounts> {
    return (await this.#report()).counts;
  }

  /** Ends the worker: from then on nothing leaves and nothing is opened. */
  close(): void {
    this.#over = true;
    clearInterval(this.#timer);
    this.#worker.terminate();
    for (const answer of this.#waiting.values()) answer(this.#lastReport);
    this.#waiting.clear();
  }

  #nextId(): number {
    if (this.#over) throw new Error("sealing is over");
    return (this.#ids += 1);
  }

  #transform(options: TransformOptions): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.#worker, options);
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #report(): Promise<Report> {
    if (this.#over) return Promise.resolve(this.#lastReport);
    const round = (this.#rounds += 1);
    this.#post({ type: "report", round });
    return new Promise((resolve) => this.#waiting.set(round, resolve));
  }

  #handle(message: FromWorker): void {
    if (this.#over) return;
    switch (message.type) {
      case "opened":
        return this.#onReceiver(message.id, (transceiver) =>
          this.onopened({ transceiver, sender: message.sender }),
        );
      case "rejected": {
        const { type: _, id, ...what } = message;
        return this.#onReceiver(id, (transceiver) => this.onrejected({ transceiver, ...what }));
      }
      case "no_codec":
        return this.#fail(
          "no_codec",
          `${message.frames} frames to ${message.direction} did not name their codec`,
        );
      case "key_frames":
        return this.#askEncoders(message.ids);
      case "report":
        this.#lastReport = message;
        this.#waiting.get(message.round)?.(message);
        this.#waiting.delete(message.round);
    }
  }

  /** A worker that has answered once is there: then an error cost a frame, and the watch tells if it cost more. */
  #onError(message: string): void {
    if (this.#lastReport.round === 0) this.#fail("worker_dead", message || "it did not load");
  }

  #onReceiver(id: number, tell: (transceiver: RTCRtpTransceiver) => void): void {
    const transceiver = this.#receiving.get(id);
    if (transceiver) tell(transceiver);
  }

  #askEncoders(ids: number[]): void {
    for (const id of ids) {
      const sender = this.#sending.get(id)?.transceiver.sender;
      if (sender?.track?.kind === "video") void requestKeyFrame(sender);
    }
  }

  async #tick(): Promise<void> {
    if (this.#connection.signalingState === "closed") return this.close();
    if (this.#looking) return this.#onSilence();
    this.#looking = true;
    await this.#look();
    this.#looking = false;
    this.#silentTicks = 0;
  }

  async #look(): Promise<void> {
    const sending = [...this.#sending];
    // the packets first, the frames after: so no packet of a sealed frame is counted before its frame
    const sent = await Promise.all(sending.map(([, { transceiver }]) => readSender(transceiver.sender)));
    const sealed = new Map((await this.#report()).sealed);
    sending.forEach(([id, { transceiver, watchdog }], index) => {
      const reading = sent[index];
      if (!reading) return;
      const kind = transceiver.receiver.track.kind as "audio" | "video";
      const detail = watchdog.judge({ kind, ...reading, sealed: sealed.get(id) ?? 0 });
      if (detail) this.#fail("clear_packets", detail);
    });
  }

  /** Ticks are counted, not time: after a laptop's sleep the worker has had no time either. */
  #onSilence(): void {
    this.#silentTicks += 1;
    if (this.#silentTicks < SILENT_TICKS) return;
    this.#fail("worker_dead", `no answer within ${SILENT_TICKS} looks`);
  }

  #fail(reason: FaultEvent["reason"], detail: string): void {
    if (this.#over) return;
    const detached = [...this.#sending.values()].map(({ transceiver }) =>
      transceiver.sender.replaceTrack(null),
    );
    this.close();
    // one is refused only where the connection is closed, and then nothing leaves anyway
    void Promise.allSettled(detached).then(() => this.onfault({ reason, detail }));
  }
}

type Report = Extract<FromWorker, { type: "report" }>;

/** Sets a transform and reads it back; a transceiver that can't have it is stopped. */
function setTransform(
  transceiver: RTCRtpTransceiver,
  end: RTCRtpSender | RTCRtpReceiver,
  transform: RTCRtpScriptTransform,
): void {
  end.transform = transform;
  if (end.transform === transform) return;
  transceiver.stop();
  throw new Error("this browser did not take the sealing transform");
}

/**
 * Four looks a second: clear media is seen to leave, and is stopped, within half a second. Browsers slow the timers of
 * a hidden page to one a second; there it takes up to two seconds. The server refuses clear frames all the while.
 */
const WATCHDOG_MS = 250;

/**
 * Five seconds at the usual pace, twenty in a hidden page: beyond what loading the worker takes on a slow and busy
 * machine. A dead worker passes nothing, so nobody's privacy waits for it.
 */
const SILENT_TICKS = 20;

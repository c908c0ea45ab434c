// The own camera and microphone, before and in the call.
//
// Owns: the two tracks, which devices are chosen, and why one did not open.
// Never does: send anything; who has the tracks hands them to a session.

import {
  DeviceError,
  type Devices,
  listDevices,
  onDeviceChange,
  openCamera,
  openMicrophone,
} from "@rapport/client";
import type { Kept } from "../memory";

type Source = "microphone" | "camera";

export class Capture {
  /** A muted microphone is a track that is not enabled. */
  microphone = $state.raw<MediaStreamTrack | null>(null);
  camera = $state.raw<MediaStreamTrack | null>(null);
  muted = $state(false);
  /** Why the last attempt failed; gone with the next one. */
  faults = $state.raw<Partial<Record<Source, DeviceError>>>({});
  opening = $state({ microphone: false, camera: false });
  /** It was there, and went away by itself. */
  lost = $state({ microphone: false, camera: false });
  devices = $state.raw<Devices>({ microphones: [], cameras: [], speakers: [] });
  /** Ids; empty is the browser's choice. */
  chosen = $state({ microphone: "", camera: "", speaker: "" });

  /** Of the newest attempt of each kind: an older one that comes late is thrown away. */
  #attempts = { microphone: 0, camera: 0 };
  /** How often all was let go of: what was asked for before that is thrown away too. */
  #closings = 0;
  #unwatch: (() => void) | undefined;

  /** Keeps the lists of devices true until `close`. */
  watch(): void {
    this.#unwatch ??= onDeviceChange(() => void this.refresh());
    void this.refresh();
  }

  /** Lets go of both devices. */
  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#closings += 1;
    this.stop("microphone");
    this.stop("camera");
  }

  async refresh(): Promise<void> {
    this.devices = await listDevices();
  }

  /** Asks one question for both where the browser can, and starts what it gets. */
  async openBoth(): Promise<void> {
    this.opening = { microphone: true, camera: true };
    const closings = this.#closings;
    const permission = await askTogether();
    await this.refresh();
    if (closings !== this.#closings) return stopAll(permission);
    this.#forgetMissing();
    if (permission instanceof DOMException) {
      this.opening = { microphone: false, camera: false };
      this.faults = {
        microphone: new DeviceError("dismissed", "microphone", permission.message),
        camera: new DeviceError("dismissed", "camera", permission.message),
      };
      return;
    }
    await Promise.all([this.open("microphone"), this.open("camera")]);
    // Held until now, so that the devices do not stop and start again.
    stopAll(permission);
  }

  /** Takes the choices of a former call over, and opens nothing. */
  choose({ microphone = "", camera = "", speaker = "" }: Kept): void {
    this.chosen = { microphone, camera, speaker };
  }

  /** A choice of a former call may be of a device that is gone: then it is the browser's again. */
  #forgetMissing(): void {
    const { microphones, cameras } = this.devices;
    if (!microphones.some(({ id }) => id === this.chosen.microphone)) this.chosen.microphone = "";
    if (!cameras.some(({ id }) => id === this.chosen.camera)) this.chosen.camera = "";
  }

  /** Starts what was on before a reload. */
  async restore(kept: Kept): Promise<void> {
    this.muted = kept.muted;
    this.chosen.speaker = kept.speaker ?? "";
    await Promise.all([
      kept.microphone !== undefined && this.open("microphone", kept.microphone),
      kept.camera !== undefined && this.open("camera", kept.camera),
    ]);
  }

  /** Opens a device, the chosen one unless another is named. Leaves a fault where it fails. */
  async open(source: Source, id = this.chosen[source]): Promise<MediaStreamTrack | null> {
    const attempt = ++this.#attempts[source];
    this.opening[source] = true;
    this.faults = { ...this.faults, [source]: undefined };
    // Many cameras, and phones as such, do not give a second picture while the first one runs.
    const former = source === "camera" && this.camera ? this.chosen.camera : id;
    if (source === "camera") this.#drop("camera");
    const opened = await this.#try(source, id, attempt);
    if (opened instanceof DeviceError) this.faults = { ...this.faults, [source]: opened };
    // The picture that was there comes back, beside the word on the other camera.
    if (opened instanceof DeviceError && former !== id) await this.#try(source, former, attempt);
    if (attempt === this.#attempts[source]) this.opening[source] = false;
    void this.refresh();
    return this[source];
  }

  /** Off: the light of the device goes out. */
  stop(source: Source): void {
    this.#attempts[source] += 1;
    this.opening[source] = false;
    this.lost[source] = false;
    this.#drop(source);
  }

  /** Waits no longer for what is still being opened. */
  giveUp(): void {
    for (const source of ["microphone", "camera"] as const) if (this.opening[source]) this.stop(source);
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
  }

  /** Takes what opens, unless another attempt was begun, or all let go of. Gives why it did not open. */
  async #try(source: Source, id: string, attempt: number): Promise<DeviceError | undefined> {
    const opened = await openOr(source, id);
    const newest = attempt === this.#attempts[source];
    if (opened instanceof DeviceError) return newest ? opened : undefined;
    if (newest) this.#take(source, opened, id);
    else opened.stop();
    return undefined;
  }

  #take(source: Source, track: MediaStreamTrack, id: string): void {
    this.#drop(source);
    if (source === "microphone") track.enabled = !this.muted;
    this.lost[source] = false;
    this.chosen[source] = track.getSettings().deviceId ?? id;
    this[source] = track;
    track.addEventListener("ended", () => this.#ended(source, track));
  }

  #drop(source: Source): void {
    this[source]?.stop();
    this[source] = null;
  }

  /** Only for what happened to the device; `stop()` of a track raises no event. */
  #ended(source: Source, track: MediaStreamTrack): void {
    if (this[source] !== track) return;
    this[source] = null;
    this.lost[source] = true;
    void this.refresh();
  }
}

async function openOr(source: Source, id: string): Promise<MediaStreamTrack | DeviceError> {
  const open = source === "microphone" ? openMicrophone : openCamera;
  try {
    return await open(id || undefined);
  } catch (error) {
    return error instanceof DeviceError ? error : new DeviceError("failed", source, String(error));
  }
}

function stopAll(stream: MediaStream | DOMException | undefined): void {
  if (stream instanceof MediaStream) stream.getTracks().forEach((track) => track.stop());
}

/**
 * One question instead of two. Gives the stream; the exception if the question was closed, which is then not
 * asked twice more; nothing for any other failure: each device then tells its own.
 */
async function askTogether(): Promise<MediaStream | DOMException | undefined> {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  } catch (error) {
    return error instanceof DOMException && /dismissed/i.test(error.message) ? error : undefined;
  }
}

/** Both are allowed already, so that asking disturbs nobody. */
export async function allowed(): Promise<boolean> {
  try {
    const names = ["camera", "microphone"] as PermissionName[];
    const found = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
    return found.every((permission) => permission.state === "granted");
  } catch {
    return false; // not every browser knows these names
  }
}

// Cameras, microphones and screens.
//
// Owns: what is asked of the browser, and one name for each way in which it says no.
// Never does: keep a track, or choose words for people.

export type DeviceKind = "microphone" | "camera" | "screen";

export type DeviceErrorCode =
  | "denied" // refused, now or earlier: the way on is in the browser's or the system's settings
  | "dismissed" // the question was closed without an answer, or the choice cancelled: ask again
  | "not_found" // no such device
  | "in_use" // another program has it
  | "insecure" // this address is not allowed devices at all
  | "unsupported" // this browser has no such thing
  | "failed"; // anything else

/** Why a device did not open. `message` is for support. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
  constructor(
    readonly code: DeviceErrorCode,
    readonly kind: DeviceKind,
    detail: string,
  ) {
    super(detail);
  }
}

/** One device to choose. The label is empty until the user has allowed one of its kind. */
export interface Device {
  id: string;
  label: string;
}

export interface Devices {
  microphones: Device[];
  cameras: Device[];
  speakers: Device[];
}

/** Throws `DeviceError`. Without `deviceId` the browser chooses. */
export async function openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  const audio: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
    ...exactly(deviceId),
  };
  return firstTrack("microphone", await open("microphone", () => media().getUserMedia({ audio })));
}

/** Throws `DeviceError`. `facing` picks the front or back camera of a phone; `deviceId` wins over it. */
export async function openCamera(
  deviceId?: string,
  options: { facing?: "user" | "environment" } = {},
): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
    ...(options.facing && !deviceId ? { facingMode: { ideal: options.facing } } : {}),
    ...exactly(deviceId),
  };
  return firstTrack("camera", await open("camera", () => media().getUserMedia({ video })));
}

/**
 * Lets the user choose a window, a tab or a screen; a window is suggested, so that a desktop with other
 * people's names on it is not what is shown by default. Throws `DeviceError`; wants a user gesture.
 */
export async function openScreen(): Promise<MediaStream> {
  const options: DisplayMediaOptions = {
    video: { displaySurface: "window", frameRate: { ideal: 15, max: 30 } },
    audio: true,
    selfBrowserSurface: "exclude",
    surfaceSwitching: "include",
    systemAudio: "exclude",
  };
  return await open("screen", () => {
    if (typeof media().getDisplayMedia !== "function")
      throw new DeviceError("unsupported", "screen", "absent");
    return media().getDisplayMedia(options);
  });
}

/** What can be chosen now. Empty where the browser gives nothing. */
export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  // Before permission Chromium lists one nameless device of each kind, without an id to choose it by.
  const of = (kind: MediaDeviceKind): Device[] =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== "")
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") };
}

/** Calls back when devices come or go. Returns what ends it. */
export function onDeviceChange(listener: () => void): () => void {
  const devices = navigator.mediaDevices;
  devices?.addEventListener("devicechange", listener);
  return () => devices?.removeEventListener("devicechange", listener);
}

/**
 * One name for what Chromium and Firefox throw. `permission` is what the Permissions API says afterwards:
 * the only way to tell in Firefox, whose message is the same for a refusal and a closed question.
 */
export function deviceErrorCode(
  kind: DeviceKind,
  error: { name: string; message: string },
  context: { secure: boolean; permission?: PermissionState | undefined },
): DeviceErrorCode {
  switch (error.name) {
    case "NotAllowedError":
      return refusalCode(kind, error.message, context.permission);
    case "NotFoundError":
    case "OverconstrainedError": // only `deviceId` is demanded: the chosen device is gone
      return "not_found";
    case "NotReadableError":
      return "in_use";
    case "AbortError": // Firefox: the device is there and does not start
      return kind === "screen" ? "failed" : "in_use";
    case "SecurityError":
      return "insecure";
    case "NotSupportedError":
      return "unsupported";
    case "TypeError": // `navigator.mediaDevices` is absent
      return context.secure ? "unsupported" : "insecure";
    default:
      return "failed";
  }
}

function refusalCode(
  kind: DeviceKind,
  message: string,
  permission: PermissionState | undefined,
): DeviceErrorCode {
  if (/by system/i.test(message)) return "denied";
  if (/dismissed/i.test(message)) return "dismissed";
  // A screen has no lasting permission: whoever cancels the choice may choose again.
  if (kind === "screen") return "dismissed";
  return permission === "prompt" ? "dismissed" : "denied";
}

async function open(kind: DeviceKind, ask: () => Promise<MediaStream>): Promise<MediaStream> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof DeviceError) throw thrown;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const code = deviceErrorCode(kind, error, {
      secure: isSecureContext,
      permission: await permissionOf(kind),
    });
    throw new DeviceError(code, kind, `${error.name}: ${error.message}`);
  }
}

async function permissionOf(kind: DeviceKind): Promise<PermissionState | undefined> {
  if (kind === "screen") return undefined;
  try {
    return (await navigator.permissions.query({ name: kind as PermissionName })).state;
  } catch {
    return undefined; // not every browser knows these names
  }
}

function media(): MediaDevices {
  if (!navigator.mediaDevices) throw new TypeError("navigator.mediaDevices is absent");
  return navigator.mediaDevices;
}

function exactly(deviceId: string | undefined): { deviceId?: ConstrainDOMString } {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

function firstTrack(kind: DeviceKind, stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getTracks();
  if (!track) throw new DeviceError("failed", kind, "a stream without a track");
  return track;
}

/** What the DOM's types do not know yet (Screen Capture, working draft). */
interface DisplayMediaOptions extends DisplayMediaStreamOptions {
  selfBrowserSurface?: "include" | "exclude";
  surfaceSwitching?: "include" | "exclude";
  systemAudio?: "include" | "exclude";
}

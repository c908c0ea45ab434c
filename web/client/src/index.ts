// Everything an application needs to put a sealed session on a page of its own.

export { LinkError, parseLink, redeem } from "./link.ts";
export type { Link, LinkErrorCode, LinkFault, Redeemed } from "./link.ts";
export {
  DeviceError,
  listDevices,
  onDeviceChange,
  openCamera,
  openMicrophone,
  openScreen,
} from "./media/devices.ts";
export type { Device, DeviceErrorCode, DeviceKind, Devices } from "./media/devices.ts";
export { environment } from "./media/environment.ts";
export type { Environment } from "./media/environment.ts";
export { Meter } from "./media/meter.ts";
export { playTestTone } from "./media/tone.ts";
export { reloaded } from "./navigation.ts";
export type { CallStatistics, MediaSource, StreamStatistics } from "./media/statistics.ts";
export type { SealingCounts } from "./sealing/index.ts";
export { Session } from "./session/session.ts";
export type { JoinOptions } from "./session/session.ts";
export type { End, EndCode, Line, Person, Phase, SealState, SessionState } from "./session/types.ts";

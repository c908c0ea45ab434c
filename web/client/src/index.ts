// Everything an application needs to put a sealed session on a page of its own.

export { LinkError, parseLink, redeem } from "./link.js";
export type { Link, LinkErrorCode, LinkFault, Redeemed } from "./link.js";
export {
  DeviceError,
  listDevices,
  onDeviceChange,
  openCamera,
  openMicrophone,
  openScreen,
} from "./media/devices.js";
export type { Device, DeviceErrorCode, DeviceKind, Devices } from "./media/devices.js";
export { environment } from "./media/environment.js";
export type { Environment } from "./media/environment.js";
export { Meter } from "./media/meter.js";
export { playTestTone } from "./media/tone.js";
export type { CallStatistics, MediaSource, SealingStatistics, StreamStatistics } from "./media/statistics.js";
export { Session } from "./session/session.js";
export type { JoinOptions } from "./session/session.js";
export type { End, EndCode, Line, Person, Phase, SealState, SessionState } from "./session/types.js";

// Everything an application needs to put a sealed session on a page of its own.

export {
  askingDevice,
  certifyDevice,
  hasOwnDevice,
  lookAtCertificate,
  newClinic,
  newOwnDevice,
  openBackup,
  openKit,
  ownDevice,
  takeCertificate,
} from "./clinic.ts";
export { isKitWord } from "./keys/kit.ts";
export { spelt } from "./keys/request.ts";
export type {
  Asking,
  BackedUpDevice,
  BackupFault,
  Certified,
  CertificateFault,
  Clinic,
  ComingDevice,
  KitFault,
  OwnDevice,
} from "./clinic.ts";
export { readFragment } from "./keys/fragment.ts";
export type { Fragment, FragmentFault } from "./keys/fragment.ts";
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
export { playRecordingTone, playTestTone } from "./media/tone.ts";
export { reloaded } from "./navigation.ts";
export type { CallStatistics, MediaSource, StreamStatistics } from "./media/statistics.ts";
export type { SealingCounts } from "./sealing/index.ts";
export { identityOf, NotCertified, prepareIdentity } from "./session/identity.ts";
export type { CallIdentity } from "./session/identity.ts";
export { Session } from "./session/session.ts";
export type { JoinOptions } from "./session/session.ts";
export type {
  End,
  EndCode,
  FaultCode,
  Line,
  Notice,
  OwnLink,
  Person,
  Phase,
  Purpose,
  RecipientView,
  Recorded,
  RecordingEnd,
  RecordingPhase,
  RecordingProposal,
  RecordingState,
  RecordingWish,
  SealState,
  SessionState,
  Standing,
  SubjectView,
  Trust,
  Waiting,
} from "./session/types.ts";
export { ReviewFault } from "./review/fault.ts";
export type { Place, ReviewCode } from "./review/fault.ts";
export { listRecordings } from "./review/listing.ts";
export type { ListedRecording } from "./review/listing.ts";
export type {
  FromReviewWorker,
  ReviewAgreement,
  Reviewed,
  ReviewPerson,
  ReviewTrack,
} from "./review/messages.ts";
export { Review } from "./review/review.ts";
export type { Reviewing } from "./review/review.ts";

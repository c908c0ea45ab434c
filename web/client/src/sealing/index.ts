/**
 * End-to-end sealing of media frames by RFC 9605.
 *
 * A {@link Sealer} belongs to one RTCPeerConnection. Its transceivers are made by `addSender` and `addReceiver`, and
 * nothing passes them in clear, in either direction, whether a key is there or not. Keys come later, by `setSendKey`
 * and `setReceiveKey`; where they come from is not decided here.
 */

export { senderKid, senderOf, type SenderKey } from "./keys.ts";
export { noCounts, type Rejection, type SealingCounts } from "./messages.ts";
export {
  canSeal,
  Sealer,
  type FaultEvent,
  type OpenedEvent,
  type RejectedEvent,
  type SealerOptions,
} from "./sealer.ts";

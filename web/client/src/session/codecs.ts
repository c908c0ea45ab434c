// Which codecs are offered.
//
// Owns: the choice. Never does: touch descriptions; browsers order codecs by themselves when asked.

/** Offers only what this protocol can seal, the best first. */
export function preferCodecs(transceiver: RTCRtpTransceiver, kind: "audio" | "video", av1 = false): void {
  // What may be preferred is what can be received, for sections that send too (webrtc-pc §5.4).
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  transceiver.setCodecPreferences(preferred(codecs, av1));
}

/** VP9, VP8, H264, before them AV1 if it is wanted, each at what all browsers decode; retransmission stays. */
export function preferred(codecs: RTCRtpCodec[], av1 = false): RTCRtpCodec[] {
  const order = av1 ? [AV1, ...ORDER] : ORDER;
  const ranked = codecs.map((codec) => ({ codec, rank: order.findIndex((accepts) => accepts(codec)) }));
  return ranked
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank)
    .map(({ codec }) => codec);
}

const named =
  (name: string) =>
  ({ mimeType }: RTCRtpCodec) =>
    mimeType.toLowerCase() === name;

/** Profile 0, which is the one without a name. */
const AV1 = (codec: RTCRtpCodec) =>
  named("video/av1")(codec) && !/profile=[1-9]/.test(codec.sdpFmtpLine ?? "");

const ORDER: ((codec: RTCRtpCodec) => boolean)[] = [
  // Profile 0, eight bits: the others are not decoded everywhere.
  (codec) => named("video/vp9")(codec) && !/profile-id=[1-9]/.test(codec.sdpFmtpLine ?? ""),
  named("video/vp8"),
  // Constrained baseline in several NAL units a packet: the one that all have who have any.
  (codec) =>
    named("video/h264")(codec) &&
    // parameters stand in any order (RFC 8866 §6.15)
    [/packetization-mode=1/, /profile-level-id=42e0/i].every((part) => part.test(codec.sdpFmtpLine ?? "")),
  named("video/rtx"),
  named("audio/opus"),
];

// Which codecs are offered.
//
// Owns: the choice. Never does: touch descriptions; browsers order codecs by themselves when asked.

/** Offers only what this protocol can seal, the best first. */
export function preferCodecs(transceiver: RTCRtpTransceiver, kind: "audio" | "video"): void {
  // What may be preferred is what can be received, for sections that send too (webrtc-pc §5.4).
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  transceiver.setCodecPreferences(preferred(codecs));
}

/** VP9 before VP8, each at what all browsers decode; retransmission stays. */
export function preferred(codecs: RTCRtpCodec[]): RTCRtpCodec[] {
  const ranked = codecs.map((codec) => ({ codec, rank: ORDER.findIndex((accepts) => accepts(codec)) }));
  return ranked
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank)
    .map(({ codec }) => codec);
}

const named =
  (name: string) =>
  ({ mimeType }: RTCRtpCodec) =>
    mimeType.toLowerCase() === name;

const ORDER: ((codec: RTCRtpCodec) => boolean)[] = [
  // Profile 0, eight bits: the others are not decoded everywhere.
  (codec) => named("video/vp9")(codec) && !/profile-id=[1-9]/.test(codec.sdpFmtpLine ?? ""),
  named("video/vp8"),
  named("video/rtx"),
  named("audio/opus"),
];

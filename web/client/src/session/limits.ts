// How much each source may send.
//
// Owns: the figures. Never does: apply them.

/** What a camera sends in a room of so many people. */
export function cameraEncoding(people: number): RTCRtpEncodingParameters {
  const { maxBitrate, scaleResolutionDownBy } = CAMERA.find(({ from }) => people >= from) ?? CAMERA_ALONE;
  return { maxBitrate, scaleResolutionDownBy, maxFramerate: 30 };
}

/** A voice in one channel with error correction: more is not heard. */
export const AUDIO_ENCODING: RTCRtpEncodingParameters = { maxBitrate: 32_000 };

/** Text has to stay sharp; 15 frames a second are enough for what moves on a desktop. */
export const SCREEN_ENCODING: RTCRtpEncodingParameters = { maxBitrate: 1_500_000, maxFramerate: 15 };

/** 720p at 30 frames looks good from here; two people on a home line are well below its upload. */
const CAMERA_ALONE = { from: 0, maxBitrate: 1_200_000, scaleResolutionDownBy: 1 };

/**
 * With more people each tile is smaller and each line carries more of them: seven others at 250 kbit/s are 1.75 Mbit/s
 * down, three at 600 are 1.8. The largest first.
 */
const CAMERA = [
  { from: 8, maxBitrate: 250_000, scaleResolutionDownBy: 3 },
  { from: 4, maxBitrate: 600_000, scaleResolutionDownBy: 1.5 },
  CAMERA_ALONE,
];

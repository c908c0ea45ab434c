import { describe, expect, it } from "vitest";

import { preferred } from "./codecs.ts";
import { cameraEncoding } from "./limits.ts";

describe("cameraEncoding", () => {
  it("falls with the number of people", () => {
    const rates = [1, 3, 4, 7, 8, 16].map((people) => cameraEncoding(people).maxBitrate);
    expect(rates).toEqual([1_200_000, 1_200_000, 600_000, 600_000, 250_000, 250_000]);
    expect(cameraEncoding(8).scaleResolutionDownBy).toBe(3);
  });
});

describe("preferred", () => {
  it("offers what can be sealed, the best first", () => {
    const codec = (mimeType: string, sdpFmtpLine?: string) => ({
      mimeType,
      clockRate: 90_000,
      ...(sdpFmtpLine ? { sdpFmtpLine } : {}),
    });
    const all = [
      codec("video/VP8"),
      codec("video/rtx"),
      codec("video/VP9", "profile-id=2"),
      codec("video/VP9", "profile-id=0"),
      codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"),
      codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"),
      codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
      codec("video/AV1"),
      codec("video/ulpfec"),
    ];
    const names = (codecs: RTCRtpCodec[]) => codecs.map(({ mimeType }) => mimeType);
    expect(names(preferred(all))).toEqual(["video/VP9", "video/VP8", "video/H264", "video/rtx"]);
    expect(preferred(all)[2]?.sdpFmtpLine).toMatch(/mode=1.*42e01f/);
    const otherOrder = codec(
      "video/H264",
      "profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1",
    );
    expect(names(preferred([otherOrder]))).toEqual(["video/H264"]);
    expect(preferred(all)[0]?.sdpFmtpLine).toBe("profile-id=0");
    const withAv1 = preferred([...all, codec("video/AV1", "profile=1")], true);
    expect(names(withAv1)).toEqual(["video/AV1", "video/VP9", "video/VP8", "video/H264", "video/rtx"]);
  });
});

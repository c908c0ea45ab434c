import { describe, expect, it } from "vitest";

import { amend } from "./sdp.ts";

const lines = (...all: string[]) => all.map((line) => `${line}\r\n`).join("");

const AUDIO = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=rtpmap:111 opus/48000/2",
  "a=rtcp-fb:111 transport-cc",
  "a=fmtp:111 minptime=10;useinbandfec=0;usedtx=1",
];
const SESSION = ["v=0", "s=-"];
const VIDEO = ["m=video 9 UDP/TLS/RTP/SAVPF 98", "a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=0"];

describe("amend", () => {
  it("sets what sealed sound needs, and takes its loudness out", () => {
    expect(amend(lines(...SESSION, ...AUDIO, ...VIDEO))).toBe(
      lines(
        ...SESSION,
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=mid:0",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 nack",
        "a=fmtp:111 minptime=10;usedtx=0;useinbandfec=1;cbr=1;stereo=0;sprop-stereo=0",
        "a=rtcp-fb:111 transport-cc",
        ...VIDEO,
      ),
    );
  });

  it("changes nothing a second time", () => {
    const once = amend(lines(...SESSION, ...AUDIO, ...AUDIO));
    expect(amend(once)).toBe(once);
  });

  it("adds parameters where there were none", () => {
    const bare = lines("m=audio 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 opus/48000/2");
    expect(amend(bare)).toContain("a=fmtp:96 usedtx=0;useinbandfec=1;cbr=1;stereo=0;sprop-stereo=0\r\n");
  });
});

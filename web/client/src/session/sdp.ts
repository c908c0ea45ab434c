// What is changed in the browser's session descriptions.
//
// Owns: Opus parameters, retransmission of sound, and that no loudness is told beside sealed sound.
// Never does: anything else: sections, codecs and directions are asked of the browser by its own objects.

/** Applied to what is offered and to what is answered: an encoder follows the one, a decoder the other. */
export function amend(sdp: string): string {
  return sdp
    .split(/^(?=m=)/m)
    .map((section) => (section.startsWith("m=audio") ? amendAudio(section) : section))
    .join("");
}

function amendAudio(section: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(section)?.[1];
  const lines = section.split("\r\n").filter((line) => !tellsLoudness(line));
  return opus ? withOpus(lines, opus).join("\r\n") : lines.join("\r\n");
}

/** RFC 6464 and RFC 6465: the loudness of each packet, in clear. Speech can be guessed from it. */
function tellsLoudness(line: string): boolean {
  return /^a=extmap:.*urn:ietf:params:rtp-hdrext:(ssrc|csrc)-audio-level/.test(line);
}

function withOpus(lines: string[], opus: string): string[] {
  const amended: string[] = [];
  const isFormat = (line: string) => line.startsWith(`a=fmtp:${opus} `);
  const format = lines.find(isFormat)?.slice(`a=fmtp:${opus} `.length) ?? "";
  for (const line of lines) {
    if (isFormat(line) || line === `a=rtcp-fb:${opus} nack`) continue;
    amended.push(line);
    if (!line.startsWith(`a=rtpmap:${opus} `)) continue;
    amended.push(`a=rtcp-fb:${opus} nack`, `a=fmtp:${opus} ${parameters(format)}`);
  }
  return amended;
}

function parameters(format: string): string {
  const kept = format
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "" && !OPUS_PARAMETERS.some(([name]) => part.startsWith(`${name}=`)));
  return [...kept, ...OPUS_PARAMETERS.map(([name, value]) => `${name}=${value}`)].join(";");
}

/**
 * No pauses and an even rate, since silence and the size of a sealed packet would tell what is said; correction
 * for loss; one channel, since it is a voice.
 */
const OPUS_PARAMETERS = [
  ["usedtx", "0"],
  ["useinbandfec", "1"],
  ["cbr", "1"],
  ["stereo", "0"],
  ["sprop-stereo", "0"],
] as const;

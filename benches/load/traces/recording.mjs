// From packets and frames to a recording.
//
// Owns: joining the two, the cut, the form of the file, and figures about it. Never does: guess; what doesn't fit
// together ends the recording with an error.

const CLOCK = { video: 90_000, audio: 48_000 };

/**
 * A recording as `{ codec, clock, encodings, length, frames }`; `frames` in the order of their first packets, `length`
 * and times in microseconds. `streams` are the outbound-rtp of the track, the smallest first.
 */
export function recording({ kind, codec, packets, frames, streams, seconds }) {
  const clock = CLOCK[kind];
  const perEncoding = streams.map(({ ssrc }, encoding) => {
    const known = new Map(frames.filter((frame) => frame.ssrc === ssrc).map((frame) => [frame.rtpTimestamp, frame]));
    return fromKeyframe(assembled(packets.filter((packet) => packet.ssrc === ssrc), known, encoding));
  });
  const start = Math.min(...perEncoding.map(([first]) => first.packets[0].at));
  const ticks = perEncoding[0].map(({ timestamp }) => timestamp).find((each) => each >= seconds * clock);
  const length = Math.round((ticks * 1e6) / clock);
  const kept = perEncoding
    .flatMap((each) => each.filter(({ timestamp }) => timestamp < ticks - clock / 1000))
    .map((frame) => ({ ...frame, packets: frame.packets.map(({ at, bytes }) => ({ at: at - start, bytes })) }))
    .sort((a, b) => a.packets[0].at - b.packets[0].at);
  const late = kept.filter((frame) => frame.packets.at(-1).at >= length);
  if (late.length > 0) throw new Error(`${late.length} frames end after the recording`);
  const name = kind === 'audio' ? 'opus' : codec.split('/')[1].toLowerCase();
  return { codec: name, clock, encodings: sizes(streams, kind), length, frames: kept };
}

/** The packets of one SSRC as frames. What the encoder's side said of each is beside its packets. */
function assembled(packets, known, encoding) {
  const media = packets.filter(({ padded }) => !padded);
  media.forEach(({ sequence }, index) => {
    const before = media[index - 1]?.sequence ?? (sequence - 1) & 0xffff;
    if (sequence !== ((before + 1) & 0xffff)) throw new Error(`encoding ${encoding}: ${sequence} follows ${before}`);
  });
  const frames = new Map();
  for (const packet of media) {
    if (!frames.has(packet.timestamp)) frames.set(packet.timestamp, []);
    frames.get(packet.timestamp).push(packet);
  }
  return [...frames].map(([timestamp, own]) => ({
    encoding,
    timestamp,
    packets: own,
    ...encoded(known.get(timestamp), own),
  }));
}

/** What the encoder's side said of it, and what the packets carry beside its bytes. Sound has no `type`. */
function encoded(frame, packets) {
  if (!frame) return { joined: false };
  const bytes = packets.reduce((sum, packet) => sum + packet.bytes, 0);
  return { joined: true, keyframe: frame.type !== 'delta', descriptors: bytes - frame.bytes };
}

/** From the first key frame on, with timestamps counted from there. */
function fromKeyframe(frames) {
  const first = frames.findIndex(({ joined, keyframe }) => joined && keyframe);
  if (first < 0) throw new Error('no key frame was seen');
  const kept = frames.slice(first);
  if (kept.some(({ joined }) => !joined)) throw new Error('packets of a frame that no encoder made');
  return kept.map((frame) => ({ ...frame, timestamp: (frame.timestamp - frames[first].timestamp) >>> 0 }));
}

function sizes(streams, kind) {
  return kind === 'audio' ? ['mono'] : streams.map(({ frameWidth, frameHeight }) => `${frameWidth}x${frameHeight}`);
}

/** The form that `trace.rs` reads. */
export function written({ codec, clock, encodings, length, frames }, { browserVersion }) {
  const head = `trace 1 codec=${codec} encodings=${encodings.join(',')} clock=${clock} length=${length}`;
  const made = `# Chromium ${browserVersion} published to the server by WHIP over loopback; see README.md.`;
  return [head, made, ...frames.map(line), ''].join('\n');
}

function line({ encoding, keyframe, timestamp, packets }) {
  const [first, ...others] = packets;
  const rest = others.map(({ at, bytes }, index) => `${bytes}+${at - packets[index].at}`);
  return [first.at, encoding, keyframe ? 'K' : 'D', timestamp, first.bytes, ...rest].join(' ');
}

/** Figures for a look at it. */
export function describe({ encodings, length, frames }) {
  return encodings.map((size, encoding) => {
    const own = frames.filter((frame) => frame.encoding === encoding);
    const packets = own.flatMap((frame) => frame.packets);
    const bytes = packets.reduce((sum, packet) => sum + packet.bytes, 0);
    const several = own.filter((frame) => frame.packets.length > 1);
    const spans = several.map((frame) => frame.packets.at(-1).at - frame.packets[0].at);
    const gaps = own.flatMap((frame) => frame.packets.slice(1).map(({ at }, index) => at - frame.packets[index].at));
    return {
      size,
      frames: own.length,
      framesPerSecond: own.length / (length / 1e6),
      keyframes: own.filter((frame) => frame.keyframe).length,
      packets: packets.length,
      packetsPerFrame: packets.length / own.length,
      kbitPerSecond: (bytes * 8000) / length,
      largest: Math.max(...packets.map((packet) => packet.bytes)),
      descriptorBytesPerPacket: [...new Set(own.map((frame) => frame.descriptors / frame.packets.length))],
      spanMicros: spread(spans),
      gapMicros: spread(gaps),
    };
  });
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p5: at(0.05), p50: at(0.5), p95: at(0.95), max: at(1) };
}

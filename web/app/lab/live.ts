// A recording of two moving pictures and two tones, coded by this browser, and its device.
//
// Owns: what is seen and heard in it: each picture has its own time written into it, so that it can be read back. Sealed
// by the real code, see `recording.testkit.ts`.

import { Store } from "../../client/src/keys/store.ts";
import { type ClearFrame, type Made, makeRecording } from "../../client/src/review/recording.testkit.ts";

export type LivePicture = "vp8" | "vp9" | "av1";

const SIZE = { width: 320, height: 180 };
const SECONDS = 40;
const CODECS = { vp8: "vp8", vp9: "vp09.00.10.08", av1: "av01.0.04M.08" };

/** Nothing of anybody in there. */
const PAUSED = { from: 24_000, to: 30_000 };
/** The second camera is off. */
const OFF = { from: 12_000, to: 16_000 };

/** Makes one, and gives its files to the server of the lab. */
export async function makeLive(picture: LivePicture): Promise<Made> {
  const frames = await Promise.all([0, 1].flatMap((person) => [sound(person), pictures(person, picture)]));
  const isThere = ({ track, ms }: ClearFrame) =>
    !(ms >= PAUSED.from && ms < PAUSED.to) && !(track === 4 && ms >= OFF.from && ms < OFF.to);
  const inOrder = frames.flat().filter(isThere);
  inOrder.sort((one, other) => one.ms - other.ms || one.track - other.track);
  const made = await makeRecording({ frames: inOrder, picture, size: SIZE });
  await (await Store.ofPage()).keepDevice("host", made.host.device);
  for (const [name, body] of Object.entries(made.files()))
    await fetch(`/api/v1/rooms/${made.room}/recordings/${made.id}/${name}`, { method: "PUT", body });
  return made;
}

async function pictures(person: number, picture: LivePicture): Promise<ClearFrame[]> {
  const frames: ClearFrame[] = [];
  const encoder = new VideoEncoder({
    output: (chunk) => frames.push(frameOf(chunk, person * 2 + 2)),
    error: (error) => reportError(error),
  });
  encoder.configure({
    codec: CODECS[picture],
    ...SIZE,
    bitrate: 500_000,
    framerate: 10,
    latencyMode: "realtime",
  });
  const canvas = new OffscreenCanvas(SIZE.width, SIZE.height);
  const context = canvas.getContext("2d")!;
  for (let ms = 0; ms < SECONDS * 1000; ms += 100) {
    draw(context, person, ms);
    const frame = new VideoFrame(canvas, { timestamp: ms * 1000, duration: 100_000 });
    // the keys of the two do not come together
    const keyFrame = ms % 2000 === person * 700 || (ms === OFF.to && person === 1) || ms === PAUSED.to;
    encoder.encode(frame, { keyFrame });
    frame.close();
    while (encoder.encodeQueueSize > 4) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await encoder.flush();
  encoder.close();
  return frames;
}

/** The tenths of a second as twelve bits in black and white along the top. */
function draw(context: OffscreenCanvasRenderingContext2D, person: number, ms: number): void {
  context.fillStyle = person === 0 ? "#27566b" : "#6b4327";
  context.fillRect(0, 0, SIZE.width, SIZE.height);
  for (let bit = 0; bit < 12; bit += 1) {
    context.fillStyle = (ms / 100) & (1 << bit) ? "#ffffff" : "#000000";
    context.fillRect(bit * 24, 0, 24, 48);
  }
  context.fillStyle = "#ffffff";
  context.font = "40px sans-serif";
  context.fillText(`${(ms / 1000).toFixed(1)} s`, 100, 130);
}

async function sound(person: number): Promise<ClearFrame[]> {
  const frames: ClearFrame[] = [];
  const encoder = new AudioEncoder({
    output: (chunk) => frames.push(frameOf(chunk, person * 2 + 1)),
    error: (error) => reportError(error),
  });
  encoder.configure({ codec: "opus", sampleRate: RATE, numberOfChannels: 1, bitrate: 32_000 });
  const samples = RATE / 50;
  for (let ms = 0; ms < SECONDS * 1000; ms += 20) {
    const data = Float32Array.from(
      { length: samples },
      (_, at) => 0.1 * Math.sin(2 * Math.PI * (person === 0 ? 440 : 660) * (ms / 1000 + at / RATE)),
    );
    const format = { format: "f32" as const, sampleRate: RATE, numberOfFrames: samples, numberOfChannels: 1 };
    const audio = new AudioData({ ...format, timestamp: ms * 1000, data });
    encoder.encode(audio);
    audio.close();
  }
  await encoder.flush();
  encoder.close();
  return frames;
}

function frameOf(chunk: EncodedVideoChunk | EncodedAudioChunk, track: number): ClearFrame {
  const frame = new Uint8Array(chunk.byteLength);
  chunk.copyTo(frame);
  // some encoders begin a little before the first sample
  const ms = Math.max(0, Math.round(chunk.timestamp / 1000));
  return { track, ms, isKey: chunk.type === "key", frame };
}

const RATE = 48_000;

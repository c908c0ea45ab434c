// Makes the pictures and tones of the synthetic clients with Chromium's own encoders: `node generate.mjs`, after
// `npm ci` in tests/browsers. What it made is committed, so that tests need no encoder.
//
// Owns: what a clip looks and sounds like. Never does: run in a test.
//
// Picture: `N.ivf`, VP8, one colour with a bar that crosses it once; the first frame, and no other, is a key frame.
// Sound: `N.opus`, one second of a tone, as packets of 20 ms, each after its length in two bytes (big-endian).

import { writeFile } from 'node:fs/promises';

import { chromium } from '../../browsers/node_modules/playwright-core/index.mjs';

const CLIPS = [
  { colour: '#c62828', hertz: 450 },
  { colour: '#2e7d32', hertz: 650 },
  { colour: '#1565c0', hertz: 850 },
  { colour: '#f9a825', hertz: 1050 },
  { colour: '#6a1b9a', hertz: 1250 },
  { colour: '#00838f', hertz: 1450 },
];

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage();
// WebCodecs wants a secure context; no request leaves this machine.
await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
await page.goto('https://clips.test/');
for (const [index, clip] of CLIPS.entries()) {
  const frames = await page.evaluate(encodePicture, clip.colour);
  await writeFile(new URL(`${index}.ivf`, import.meta.url), ivf(frames.map(bytes)));
  const packets = await page.evaluate(encodeTone, clip.hertz);
  await writeFile(new URL(`${index}.opus`, import.meta.url), prefixed(packets.map(bytes)));
}
await browser.close();

/** Runs in the page: two seconds at 15 frames a second, in base64. */
async function encodePicture(colour) {
  const [width, height, rate, count] = [320, 180, 15, 30];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  const frames = [];
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      frames.push(btoa(String.fromCharCode(...data)));
    },
    error: (error) => {
      throw error;
    },
  });
  encoder.configure({ codec: 'vp8', width, height, framerate: rate, bitrate: 40_000, latencyMode: 'realtime' });
  for (let at = 0; at < count; at += 1) {
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
    context.fillStyle = '#ffffff';
    context.fillRect(Math.round((at / count) * (width - 16)), 0, 16, height);
    const frame = new VideoFrame(canvas, { timestamp: Math.round((at * 1e6) / rate) });
    encoder.encode(frame, { keyFrame: at === 0 });
    frame.close();
    await encoder.flush();
  }
  return frames;
}

/** Runs in the page: fifty packets of a steady tone, without the encoder's first ten. */
async function encodeTone(hertz) {
  const [sampleRate, samples, lead, count] = [48_000, 960, 10, 50];
  const packets = [];
  const encoder = new AudioEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      packets.push(btoa(String.fromCharCode(...data)));
    },
    error: (error) => {
      throw error;
    },
  });
  encoder.configure({
    codec: 'opus',
    sampleRate,
    numberOfChannels: 1,
    bitrate: 24_000,
    bitrateMode: 'constant',
    opus: { frameDuration: 20_000, application: 'audio', signal: 'music', usedtx: false },
  });
  for (let at = 0; at < lead + count; at += 1) {
    const data = Float32Array.from(
      { length: samples },
      (_, sample) => 0.3 * Math.sin((2 * Math.PI * hertz * (at * samples + sample)) / sampleRate),
    );
    const timestamp = at * 20_000;
    const sound = { format: 'f32', sampleRate, numberOfFrames: samples, numberOfChannels: 1, timestamp, data };
    encoder.encode(new AudioData(sound));
  }
  await encoder.flush();
  return packets.slice(lead, lead + count);
}

function bytes(base64) {
  return Buffer.from(base64, 'base64');
}

/** The IVF container: a header of 32 bytes, then each frame after its length and time. */
function ivf(frames) {
  const header = Buffer.alloc(32);
  header.write('DKIF', 0);
  header.writeUInt16LE(32, 6);
  header.write('VP80', 8);
  header.writeUInt16LE(320, 12);
  header.writeUInt16LE(180, 14);
  header.writeUInt32LE(15, 16);
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(frames.length, 24);
  const framed = frames.map((frame, at) => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(frame.length, 0);
    head.writeBigUInt64LE(BigInt(at), 4);
    return Buffer.concat([head, frame]);
  });
  return Buffer.concat([header, ...framed]);
}

function prefixed(packets) {
  const framed = packets.map((packet) => {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(packet.length);
    return Buffer.concat([head, packet]);
  });
  return Buffer.concat(framed);
}

// Records what Chromium sends when it publishes through our server; README.md says how to call it.
//
// Owns: one session for each recording, and the files beside this one. Never does: keep a picture or a sound.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

import { launch } from '../../../tests/browsers/harness/browser.mjs';
import { servePages } from '../../../tests/browsers/harness/pages.mjs';
import { run } from '../../../tests/browsers/harness/process.mjs';
import { Server } from '../../../tests/browsers/harness/server.mjs';
import { until } from '../../../tests/browsers/harness/wait.mjs';
import { Capture } from './capture.mjs';
import { makeInputs } from './inputs.mjs';
import { describe, recording, written } from './recording.mjs';

const SECONDS = 20;

/** What is taken before and after, so that the recording can be cut at a frame. */
const MARGIN_MS = 3000;

/** All encodings have been sent as wished for so long before the recording begins. */
const SETTLED_MS = 4000;
const SETTLING_DEADLINE_MS = 120_000;

const AEAD_TAG_BYTES = 16;

const ONE = [{ maxBitrate: 2_000_000, maxFramerate: 30 }];
const THREE = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 30 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000, maxFramerate: 30 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000, maxFramerate: 30 },
];

/** `kind` of which track becomes the recording; the other one is sent too, as in a call. */
const RECORDINGS = [
  { name: 'vp9-720p', kind: 'video', codec: 'video/VP9', encodings: ONE, heights: [720] },
  { name: 'vp8-720p-simulcast', kind: 'video', codec: 'video/VP8', encodings: THREE, heights: [180, 360, 720] },
  { name: 'opus-talking', kind: 'audio', codec: 'video/VP8', encodings: ONE, heights: [720] },
];

const [clip, ...wanted] = process.argv.slice(2);
if (!clip) throw new Error('usage: node record.mjs CLIP [RECORDING…]');

const folder = await mkdtemp(join(tmpdir(), 'rapport-recording-'));
try {
  const inputs = await makeInputs(clip, folder);
  for (const each of RECORDINGS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    await record(each, inputs);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function record(wish, inputs) {
  const opened = [];
  try {
    const pages = remember(opened, await servePages());
    const server = await Server.start(new URL(pages.url).origin);
    opened.push({ close: () => server.stop() });
    const browser = remember(opened, await launch('chromium', { flags: flags(inputs) }));
    const page = await publishing(wish, browser, server, pages);
    await settled(wish, page);
    const { packets, frames, streams } = await captured(wish, page, server);
    const made = recording({ ...wish, packets, frames, streams, seconds: SECONDS });
    const browserVersion = (await run('chromium', ['--version'])).match(/[\d.]+/)[0];
    const file = fileURLToPath(new URL(`${wish.name}.trace`, import.meta.url));
    await writeFile(file, written(made, { wish, browserVersion }));
    console.log(JSON.stringify({ name: wish.name, ...describe(made) }, null, 2));
  } finally {
    for (const each of opened.reverse()) await each.close();
  }
}

function remember(opened, each) {
  opened.push(each);
  return each;
}

function flags({ picture, sound }) {
  return [
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream=fps=30',
    `--use-file-for-fake-video-capture=${picture}`,
    `--use-file-for-fake-audio-capture=${sound}`,
    // a call is in the foreground, and its processes have the priority of that
    '--disable-renderer-backgrounding',
    '--disable-backgrounding-occluded-windows',
  ];
}

async function publishing({ codec, encodings }, browser, server, pages) {
  const page = await browser.page(await readFile(new URL('page.js', import.meta.url), 'utf8'));
  await page.goto(pages.url);
  const token = await server.token('recorded', 'publisher', 'publish');
  const options = { url: server.whip('recorded'), token, codec, encodings };
  await page.evaluate((given) => window.recorder.publish(given), options);
  return page;
}

/** Waits until every encoding has had its full size, rate and number of frames for a while. */
async function settled({ heights, encodings }, page) {
  let since = null;
  const look = async () => streamsIn(await page.evaluate(() => window.recorder.report()), 'video');
  const full = (streams) => heights.every((height) => streams.some((stream) => isFull(stream, height)));
  const holds = (streams) => {
    since = full(streams) ? (since ?? Date.now()) : null;
    return since !== null && Date.now() - since >= SETTLED_MS;
  };
  await until(`${encodings.length} encodings are sent in full`, look, holds, SETTLING_DEADLINE_MS);
}

function isFull({ frameHeight, framesPerSecond, qualityLimitationReason }, height) {
  return frameHeight === height && framesPerSecond >= 25 && qualityLimitationReason === 'none';
}

async function captured({ kind }, page, server) {
  await page.evaluate(() => window.recorder.frames());
  const capture = await Capture.start(server.media.port, join(folder, 'packets.pcap'));
  await page.evaluate(() => window.recorder.keyframes());
  await pause(SECONDS * 1000 + MARGIN_MS);
  const report = await page.evaluate(() => window.recorder.report());
  const packets = await capture.stop(AEAD_TAG_BYTES);
  const frames = await page.evaluate(() => window.recorder.frames());
  const { srtpCipher } = report.find(({ type }) => type === 'transport');
  if (!srtpCipher.includes('AEAD_AES_128_GCM')) throw new Error(`packets are sealed with ${srtpCipher}`);
  return { packets, frames: frames.filter((frame) => frame.kind === kind), streams: streamsIn(report, kind) };
}

/** The smallest first. */
function streamsIn(report, kind) {
  const streams = report.filter((entry) => entry.type === 'outbound-rtp' && entry.kind === kind);
  return streams.sort((a, b) => a.frameHeight - b.frameHeight);
}

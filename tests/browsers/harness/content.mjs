// What it means that content arrives.
//
// Owns: the assertions on pictures read and tones heard. Never does: look at packets.

import assert from 'node:assert/strict';

import { throughout, until } from './wait.mjs';

/** Two seconds of picture and of sound: long enough for two steps of the tone. */
const ENOUGH_FRAMES = 40;
const ENOUGH_TONES = 20;

/** Of the pictures rendered, so many can be read: a decoder may show a blurred one after a loss. */
const READABLE = 0.95;

/** Of the tones heard, so many are the one of that moment: the transform sees two rungs at each step. */
const IN_TIME = 0.9;

/** Longer than any jitter buffer holds a picture. */
const STILL_MS = 1500;
/** Spans of about a second and a half each in which sound may come into step with the picture. */
const SETTLING_SPANS = 2;

/** The first picture that a player could read. */
export function firstPicture(player) {
  return until('a picture is read', () => player.call('snapshot'), ({ frames }) => frames.read > 0);
}

/** From now on: pictures of this source whose number rises, and the tone of the moment. */
export async function assertPlays(player, { source = 1, kinds = ['audio', 'video'] } = {}) {
  await firstPicture(player);
  let seen = await perceived(player, kinds, source);
  // After a join or a change of source a browser first finds how long to buffer sound; meanwhile the sound of
  // Firefox trails the picture by nearly all that the ear is granted. It has to be in step soon, and stay so.
  for (let more = 0; more < SETTLING_SPANS && tonesInTime(seen.tones) < IN_TIME; more += 1) {
    seen = await perceived(player, kinds, source);
  }
  if (kinds.includes('audio')) assertTone(seen.tones);
  return seen;
}

/** What is seen and heard in one span from now on; its pictures are right, or this fails. */
async function perceived(player, kinds, source) {
  await player.call('forget');
  const seen = await until('pictures and tones', () => player.call('snapshot'), ({ frames, tones }) => {
    const heard = !kinds.includes('audio') || (tones.heard >= ENOUGH_TONES && tones.distinct.length >= 2);
    return frames.read >= ENOUGH_FRAMES && heard;
  });
  assertPicture(seen.frames, source);
  return seen;
}

function tonesInTime({ expected, heard }) {
  return expected / heard; // not a number where nothing was heard, which no comparison takes for success
}

function assertPicture(frames, source) {
  assert.equal(frames.last.source, source, 'the picture is of the source expected');
  assert.ok(frames.last.counter > frames.first.counter, 'the counter rises');
  assert.equal(frames.backward, 0, 'no picture is older than the one before');
  const readable = frames.read / frames.rendered;
  assert.ok(readable >= READABLE, `${frames.read} of ${frames.rendered} pictures can be read`);
}

function assertTone(tones) {
  assert.ok(tonesInTime(tones) >= IN_TIME, `${tones.expected} of ${tones.heard} tones are the one expected: ${tones.distinct}`);
}

/** Waits for a span in which nothing is perceived: by default, in which no picture at all is rendered. */
export function untilStill(player, perceived = ({ frames }) => frames.rendered) {
  const inSpan = async () => {
    await player.call('forget');
    let count;
    const look = async () => (count = perceived(await player.call('snapshot')));
    await throughout('looking', STILL_MS, look, () => true);
    return count;
  };
  return until('nothing more is seen or heard', inSpan, (count) => count === 0);
}

/** The codec that a page sends or receives, as `video/VP8`. */
export async function codecOf(peer, direction, kind = 'video') {
  const entries = await until(
    `a codec of ${kind} is in getStats`,
    () => peer.call('report'),
    (report) => codecIn(report, direction, kind),
  );
  return codecIn(entries, direction, kind);
}

function codecIn(report, direction, kind) {
  const stream = report.find((entry) => entry.type === `${direction}-rtp` && entry.kind === kind);
  return report.find(({ id }) => id === stream?.codecId)?.mimeType;
}

/** Media packets that a page received, by its own count. */
export async function packetsReceived(peer) {
  const streams = (await peer.call('report')).filter(({ type }) => type === 'inbound-rtp');
  return streams.reduce((sum, { packetsReceived: packets }) => sum + packets, 0);
}

// Frames are sealed before they leave a browser and opened after they came, or they are not there at all.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { assertPlays, packetsReceived } from './harness/content.mjs';
import { Server } from './harness/server.mjs';
import { behaviour, connected, Stage } from './harness/stage.mjs';
import { throughout, until } from './harness/wait.mjs';
import { serveSealing } from './pages/sealing.bundle.mjs';
import { frequencyAt } from './pages/tone.js';

const BROWSERS = ['chromium', 'firefox'];

/** Where a header has no, two and three bytes of counter: what stands in clear must not depend on it. */
const COUNTERS = [0, 300, 70_000];

/** How long it is watched that nothing comes: many times what a sound and a picture take. */
const WATCH_MS = 3000;

/** The watchdog's promise: so long after the first clear packet the senders have no track any more. */
const DETACHED_WITHIN_MS = 500;

/** A step of the tone, or a gap that the decoder fills, may be heard as something between. */
const MAX_STRANGE_TONES = 1;

/** So often a key frame is asked for, and each is there within this: far longer than one takes, far rarer by chance. */
const KEY_FRAME_WISHES = 4;
const KEY_FRAME_WITHIN_MS = 2000;

/** Opens frames with another implementation of RFC 9605, the crate `sframe`: JSON lines in, JSON lines out. */
const ORACLE = process.env.SEALED_CLIENT_BIN ?? fileURLToPath(new URL('../../target/debug/sealed-client', import.meta.url));

/** Since a frame was captured until it is looked at here. */
const RECENT_MS = 30_000;

/**
 * A plaintext of Opus has at least 96 bytes; before it stand 1 byte, and a header of 1 + 3 bytes or more, since the
 * first counters fit its first byte; a tag of 16.
 */
const SHORTEST_SOUND_BYTES = 1 + 4 + 96 + 16;

let stage;
before(async () => {
  stage = await Stage.open({ withServer: false });
  await stage.pages.close();
  stage.pages = await serveSealing();
  stage.server = await Server.start(new URL(stage.pages.url).origin);
});
after(() => stage?.close());

for (const browser of BROWSERS) {
  behaviour(`the vectors of RFC 9605 hold in the bundle that ${browser} runs`, () => stage, async () => {
    const page = await stage.peer(browser);
    assert.deepEqual(await page.call('checkVectors'), { header: 289, sframe: 2 });
  });
}

for (const codec of ['H264', 'AV1']) {
  for (const firstCounter of COUNTERS) {
    behaviour(`${codec} sealed by chromium, which has it, from counter ${firstCounter} is seen there`, () => stage, async (t) => {
      const { room, key } = call();
      const publisher = await publish('chromium', { room, key, codec, firstCounter });
      const player = await play('chromium', { room, keys: [key] });
      await assertContent(player);
      // who comes later begins with a frame that is not the stream's first
      await assertContent(await play('chromium', { room, keys: [key] }));
      t.diagnostic(`seals: ${inMicros(await publisher.call('counts'), 'seal')}; opens: ${inMicros(await player.call('counts'), 'open')}`);
    });
  }
}

for (const from of BROWSERS) {
  for (const codec of ['VP8', 'VP9']) {
    for (const firstCounter of COUNTERS) {
      const what = `${codec} and Opus sealed by ${from} from counter ${firstCounter}`;
      behaviour(`${what} are seen and heard in both browsers`, () => stage, async (t) => {
        const { room, key } = call();
        const publisher = await publish(from, { room, key, codec, firstCounter, source: { id: 7 } });
        const players = await Promise.all(BROWSERS.map((name) => play(name, { room, keys: [key] })));
        await Promise.all(players.map((player) => assertContent(player, { source: 7 })));
        for (const [index, player] of players.entries()) {
          const { opened, rejected } = await player.call('snapshot');
          assert.deepEqual(opened.map(({ sender }) => sender), [key.sender, key.sender], 'one of sound, one of picture');
          // the first frames may be faster than the import of their key
          assert.deepEqual(rejected.filter(({ reason }) => reason !== 'no_key'), []);
          t.diagnostic(`${BROWSERS[index]} opens: ${inMicros(await player.call('counts'), 'open')}`);
        }
        t.diagnostic(`${from} seals: ${inMicros(await publisher.call('counts'), 'seal')}`);
      });
    }
  }
}

for (const browser of BROWSERS) {
  for (const codec of ['VP8', 'VP9']) {
    behaviour(`what ${browser} seals of ${codec} and Opus, the crate sframe opens`, () => stage, async (t) => {
      const { room, key } = call();
      await publish(browser, { room, key, codec, firstCounter: 250, source: { id: 7 } });
      const frames = await recorded(room, (all) => all.filter((frame) => frame.codec !== 'opus').length >= 30);
      assert.deepEqual(new Set(frames.map((frame) => frame.codec)), new Set(['opus', codec.toLowerCase()]));
      const answers = opened(frames, key);
      assert.deepEqual(answers.filter(({ error }) => error), []);
      assert.equal(answers.length, frames.length);
      assert.ok(answers.every(({ frame }, index) => bytesOf(frame) < bytesOf(frames[index].frame)));
      assertTrailers(answers, frames, codec, t);
      const strangers = opened(frames, { ...key, baseKey: random() });
      assert.ok(strangers.every(({ error }) => error), 'and with another key it opens none');
    });
  }

  behaviour(`silence that ${browser} leaves out is not told by any length`, () => stage, async (t) => {
    const { room, key } = call();
    const publisher = await publish(browser, { room, key, codec: 'VP8', silent: true });
    const frames = await recorded(room, (all) => all.filter((frame) => frame.codec === 'opus').length >= 3);
    const sounds = frames.filter((frame) => frame.codec === 'opus').map(({ frame }) => bytesOf(frame));
    assert.ok(Math.min(...sounds) >= SHORTEST_SOUND_BYTES, `${sounds}`);
    const { sealed, dropped } = await until('empty frames', () => publisher.call('counts'), (counts) => counts.dropped >= 10);
    t.diagnostic(`${browser}: ${sealed} sealed, ${dropped} dropped; sounds ${sounds}`);
  });

  behaviour(`${browser} makes a key frame whenever it is asked for one`, () => stage, async () => {
    const { room, key } = call();
    const publisher = await publish(browser, { room, key, codec: 'VP8' });
    const player = await play('chromium', { room, keys: [key] });
    await assertContent(player);
    // an encoder makes one of its own accord now and then, but not one after the other
    for (let wish = 0; wish < KEY_FRAME_WISHES; wish += 1) {
      const before = await keyFrames(player);
      await publisher.call('requestKeyFrames');
      await until('one more key frame', () => keyFrames(player), (count) => count > before, KEY_FRAME_WITHIN_MS);
    }
  });

  behaviour(`with the wrong key nothing is seen or heard in ${browser}`, () => stage, async () => {
    const { room, key } = call();
    await publish('chromium', { room, key, codec: 'VP8' });
    const player = await play(browser, { room, keys: [{ ...key, baseKey: random() }] });
    const rejected = await until('frames are rejected', () => rejections(player), (all) => all.length >= 4);
    assert.ok(rejected.every(({ reason, kid }) => reason === 'unauthenticated' && kid === key.sender * 2 ** 20));
    await assertNothingIsPerceived(player);
  });

  behaviour(`a key that comes after its frames opens picture and sound in ${browser}`, () => stage, async () => {
    const { room, key } = call();
    await publish('firefox', { room, key, codec: 'VP8' });
    const player = await play(browser, { room });
    const rejected = await until('frames are rejected', () => rejections(player), (all) => all.length >= 4);
    assert.ok(rejected.every(({ reason, kid }) => reason === 'no_key' && kid === key.sender * 2 ** 20));
    await assertNothingIsPerceived(player);
    await player.call('setReceiveKey', key);
    await assertContent(player);
  });

  behaviour(`until it has a key, ${browser} sends no packet of media`, () => stage, async () => {
    const { room, key } = call();
    const publisher = await publish(browser, { room, codec: 'VP8' });
    const dropped = () => publisher.call('counts');
    await until('frames wait in vain', dropped, (counts) => counts.dropped > 50);
    assert.equal(await packetsSent(publisher), 0);
    await publisher.call('setSendKey', key);
    await assertContent(await play('chromium', { room, keys: [key] }));
  });

  behaviour(`a transform that ${browser} sets a task late is noticed before anything is offered`, () => stage, async () => {
    const { room, key } = call();
    const [publisher, player] = [await stage.peer(browser), await play('chromium', { room })];
    await publisher.call('delayTransforms', { lying: false });
    await assert.rejects(publishWith(publisher, { room, key, codec: 'VP8' }), /did not take the sealing transform/);
    await assert.rejects(publisher.call('pushThrough', await endpoint('whip', room)), 'there is nothing to offer');
    await throughout('no packet arrives', WATCH_MS, () => packetsReceived(player), (count) => count === 0);
  });

  behaviour(`without its worker, ${browser} sends no packet of media`, () => stage, async () => {
    const { room, key } = call();
    const publisher = await stage.peer(browser);
    await publisher.call('hideWorker');
    await publishWith(publisher, { room, key, codec: 'VP8' });
    const { faults, attached } = await until('the fault', () => publisher.call('snapshot'), (seen) => seen.faults.length > 0);
    assert.deepEqual([faults[0].reason, faults.length, attached], ['worker_dead', 1, 0]);
    assert.equal(await packetsSent(publisher), 0);
  });

  behaviour(`when the worker dies, nothing leaves ${browser}`, () => stage, async () => {
    const { room, key } = call();
    const publisher = await publish(browser, { room, key, codec: 'VP8' });
    const player = await play('chromium', { room, keys: [key] });
    await assertContent(player);
    await publisher.call('killWorkers');
    const { frames } = await player.call('counts').then(() => player.call('snapshot'));
    const { faults, attached } = await until('the fault', () => publisher.call('snapshot'), (seen) => seen.faults.length > 0);
    assert.deepEqual([faults[0].reason, faults.length, attached], ['worker_dead', 1, 0]);
    const after = (await player.call('snapshot')).frames.rendered;
    // what was on the way and in buffers at the kill: far less than the five seconds until the fault
    assert.ok(after - frames.rendered < 30, `${after - frames.rendered} pictures after the kill`);
    const counts = await player.call('counts');
    assert.equal(counts.rejected, 0, 'and nothing that is not sealed');
  });
}

behaviour('a transform set late under a lying read-back is found out by what leaves', () => stage, async (t) => {
  const { room, key } = call();
  const publisher = await stage.peer('chromium');
  await publisher.call('delayTransforms', { lying: true });
  await publishWith(publisher, { room, key, codec: 'VP8' });
  const seen = await until('the fault', () => publisher.call('snapshot'), ({ faults }) => faults.length > 0);
  assert.deepEqual([seen.faults[0].reason, seen.faults.length, seen.attached], ['clear_packets', 1, 0]);
  const after = seen.faults[0].at - seen.firstPacketAt;
  t.diagnostic(`detached ${after.toFixed(0)} ms after the first packet: ${seen.faults[0].detail}`);
  assert.ok(after <= DETACHED_WITHIN_MS, `detached ${after} ms after the first packet`);
});

behaviour('a receiver lets no clear frame through', () => stage, async () => {
  const { room, key } = call();
  const publisher = await stage.peer('firefox');
  await publisher.call('publishClear', await endpoint('whip', room));
  const player = await play('chromium', { room, keys: [key] });
  const rejected = await until('frames are rejected', () => rejections(player), (all) => all.length >= 4);
  assert.ok(rejected.some(({ reason }) => reason === 'clear'), JSON.stringify(rejected));
  await assertNothingIsPerceived(player);
});

/** A room of its own, and what its members share. */
function call() {
  const room = stage.room();
  return { room, key: { baseKey: random(), sender: 5 } };
}

function random() {
  return randomBytes(32).toString('base64url');
}

async function endpoint(kind, room) {
  const token = await stage.server.token(room, kind, kind === 'whip' ? 'publish' : 'subscribe');
  return { url: stage.server[kind](room), token };
}

async function publish(browser, options) {
  const page = await stage.peer(browser);
  await publishWith(page, options);
  await connected(page);
  return page;
}

async function publishWith(page, { room, ...options }) {
  await page.call('publish', { ...options, ...(await endpoint('whip', room)) });
}

async function play(browser, { room, ...options }) {
  const page = await stage.peer(browser);
  await page.call('play', { ...options, ...(await endpoint('whep', room)) });
  return page;
}

/**
 * Pictures of the source, and its tones. That both are in step is a matter of transport, and shown elsewhere; noise,
 * which is what a decoder makes of sealed sound, is on no rung of the ladder.
 */
async function assertContent(player, { source = 1 } = {}) {
  await assertPlays(player, { source, kinds: ['video'] });
  const look = async () => (await player.call('snapshot')).tones.distinct;
  const tones = await until('three tones', look, (distinct) => distinct.filter(isRung).length >= 3);
  assert.ok(tones.filter((tone) => !isRung(tone)).length <= MAX_STRANGE_TONES, `${tones}`);
}

function isRung(tone) {
  return Array.from({ length: 8 }, (_, second) => frequencyAt(0, second * 1000)).includes(tone);
}

/** Frames of a room as they are on the line, once there are enough. */
async function recorded(room, enough) {
  const page = await stage.peer('chromium');
  await page.call('record', await endpoint('whep', room));
  return until('frames are recorded', () => page.call('frames'), enough);
}

function opened(frames, { baseKey, sender }) {
  const lines = frames.map((frame) => JSON.stringify({ key: baseKey, kid: sender * 2 ** 20, ...frame }));
  const { error, status, stdout, stderr } = spawnSync(ORACLE, ['open'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  if (error ?? status !== 0) throw new Error(`the oracle failed: ${error ?? stderr}`);
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

/** A sender's frames follow each other in time, at the pace at which they are made, by the clock of now. */
function assertTrailers(answers, frames, codec, t) {
  const ofCodec = (name) => answers.filter((_, index) => frames[index].codec === name);
  // how many pictures there are a second is the machine's matter
  for (const [name, least, most] of [['opus', 19, 21], [codec.toLowerCase(), 10, 200]]) {
    const times = ofCodec(name).map(({ capture_micros }) => capture_micros / 1000);
    const steps = times.slice(1).map((time, index) => time - times[index]);
    assert.ok(steps.every((step) => step > 0), `${name}: ${steps}`);
    const middle = [...steps].sort((one, other) => one - other)[Math.floor(steps.length / 2)];
    assert.ok(middle > least && middle < most, `${name}: a frame each ${middle} ms`);
    assert.ok(Math.abs(times.at(-1) - Date.now()) < RECENT_MS, `${name}: ${times.at(-1)}`);
  }
  const { width, height } = ofCodec(codec.toLowerCase()).at(-1);
  t.diagnostic(`pictures of ${width} × ${height}`);
}

function bytesOf(base64) {
  return Buffer.from(base64, 'base64').length;
}

async function rejections(player) {
  return (await player.call('snapshot')).rejected;
}

async function keyFrames(player) {
  return (await player.call('report')).find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video').keyFramesDecoded;
}

async function packetsSent(page) {
  const streams = (await page.call('report')).filter(({ type }) => type === 'outbound-rtp');
  return streams.reduce((sum, stream) => sum + stream.packetsSent, 0);
}

function assertNothingIsPerceived(player) {
  const look = () => player.call('snapshot');
  return throughout('nothing is seen or heard', WATCH_MS, look, ({ frames, tones, opened }) => {
    return frames.rendered === 0 && tones.heard === 0 && opened.length === 0;
  });
}

function inMicros(counts, verb) {
  const frames = counts[verb === 'seal' ? 'sealed' : 'opened'];
  return `${frames} frames, ${(counts[`${verb}Micros`] / frames).toFixed(0)} µs each`;
}

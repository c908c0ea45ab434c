// A recording, from the question to the file: by the pages, in real browsers.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { BINARY } from './harness/demo.mjs';
import { kitOf } from './harness/fragment.mjs';
import { heardOf, seenOf } from './harness/person.mjs';
import { agree, complete, openFirst, propose, rapport, recordingsIn, safeSeconds, show, wordsOf } from './harness/recording.mjs';
import { until } from './harness/wait.mjs';

/** Long enough for two clusters. */
const ENOUGH_SECONDS = 8;

/** Of 8 s: the first key frame comes a moment later, and a player shows not each. */
const ENOUGH_PICTURES = 100;

/** Keeps the names of the keys that the page gives to its sealing worker. */
const TELLING_KIDS = `
  window.kids = [];
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message?.type === 'send_key') window.kids.push(message.kid);
    return postMessage.call(this, message, ...rest);
  };`;

const folders = [];
/** As many are enough to see that it plays. */
const ENOUGH_READ = 30;

/** Whoever takes their yes back is recorded no longer than a second. */
const FRAMES_A_SECOND = 30;

const call = new Call();
const exported = temporary();
after(async () => {
  await call.close();
  folders.forEach((folder) => rmSync(folder, { recursive: true }));
});

for (const browser of ['chromium', 'firefox']) {
  const data = temporary();
  inCall(`${browser}: a session is recorded when both agree, until one does not any more`, call, async (t) => {
    const [therapist, client] = await call.pair(['chromium', browser]);
    await propose(therapist);
    await client.reads('Dana asks to record this session');
    assert.deepEqual(recordingsIn(data), [], 'nothing is there before both agree');
    await agree(client);
    const safe = await Promise.all([therapist, client].map((person) => safeSeconds(person, ENOUGH_SECONDS)));
    t.diagnostic(`both read that ${safe} s are safe`);
    await client.press('Stop recording');
    await Promise.all([therapist, client].map((person) => person.reads('The recording has ended')));
    await perceives(therapist, CLIENT);
    await perceives(client, THERAPIST);
    const folder = await complete(data);
    const verified = rapport('recording', 'verify', folder.path);
    t.diagnostic(verified);
    const [, length] = /0:00:(\d\d) safe/.exec(verified);
    assert.ok(Number(length) >= ENOUGH_SECONDS, verified);
    const kept = (name) => readFileSync(join(folder.path, name), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    // hello and proposal, the other hello, two of yes, one of no
    assert.equal(kept('consent.jsonl').length, 6);
    assert.equal(kept('keys.jsonl').length, 1, 'of the one who is recorded, for the one span');
    const { purpose, tracks } = JSON.parse(readFileSync(join(folder.path, 'manifest.json'), 'utf8'));
    assert.equal(purpose, 'calm');
    // a picture may change to any of the others
    assert.deepEqual(tracks.map(({ codec }) => codec), ['opus', 'vp9', 'vp8', 'h264', 'av1']);
    if (browser === 'chromium') return;
    // what Firefox has sealed opens, too
    const file = join(data, 'plain.webm');
    t.diagnostic(rapport('recording', 'export', folder.path, '--key', wordsOf(call.demo, data), '--out', file));
    const viewer = await call.visit('chromium', 'about:blank', { id: 9 });
    await show(viewer, file, 'video/webm');
    const seen = await until('pictures and tones of the client are in it', () => viewer.snapshot(), (now) => seenOf(now, CLIENT).read >= ENOUGH_PICTURES && heardOf(now, CLIENT) > 0, 40_000);
    assert.equal(seenOf(seen, CLIENT).backward, 0);
  }, { data });
}

inCall('what was recorded is in the file that the clinic makes of it, and nothing from before or after', call, async (t) => {
  const [therapist, client] = await call.pair(['chromium', 'chromium'], { client: { before: TELLING_KIDS } });
  await propose(therapist);
  await client.reads('Dana asks to record this session');
  const before = await counterOf(client);
  const early = await kidsOf(client);
  await agree(client);
  await safeSeconds(therapist, ENOUGH_SECONDS);
  await client.press('Stop recording');
  const after = await counterOf(client);
  await therapist.reads('The recording has ended');
  const { path } = await complete(exported);
  await keysOfSpan(path, early, client);

  const consent = rapport('recording', 'consent', path);
  t.diagnostic(consent);
  assert.match(consent, /Dana/);
  assert.match(consent, /Omar/);
  const words = wordsOf(call.demo, exported);
  for (const form of ['webm', 'mp4']) {
    const file = join(exported, `plain.${form}`);
    t.diagnostic(rapport('recording', 'export', path, '--key', words, '--out', file));
    const viewer = await call.visit('chromium', 'about:blank', { id: 9 });
    await show(viewer, file, `video/${form}`);
    const seen = await until(`pictures and tones of the client are in the ${form}`, () => viewer.snapshot(), (now) => seenOf(now, CLIENT).read >= ENOUGH_PICTURES && heardOf(now, CLIENT) > 0, 40_000);
    assert.ok(heardOf(seen, CLIENT) > 0);
    await until('the film is over', () => viewer.page.evaluate(() => document.querySelector('video').ended), Boolean, 40_000);
    const { first, last, backward, read } = seenOf(await viewer.snapshot(), CLIENT);
    t.diagnostic(`${read} pictures, numbered ${first} to ${last}, between ${before} and ${after}`);
    assert.equal(backward, 0);
    assert.ok(first >= before && last <= after + FRAMES_A_SECOND, 'within the time in which both agreed');
    await call.leave(viewer);
  }

  const other = join(exported, 'other.txt');
  writeFileSync(other, kitOf(randomBytes(32)).join(' '));
  const refused = spawnSync(BINARY, ['recording', 'export', path, '--key', other, '--out', join(exported, 'none.webm')], { encoding: 'utf8' });
  t.diagnostic(refused.stderr);
  assert.equal(refused.status, 1);
  assert.equal(existsSync(join(exported, 'none.webm')), false);
}, { data: exported });

for (const browser of ['chromium', 'firefox']) {
  const data = temporary();
  inCall(`${browser}: the therapist plays a recording on their page, and another device does not`, call, async (t) => {
    const therapist = await call.enter(browser, call.demo.therapist, { name: 'Dana', id: THERAPIST });
    const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, waits: true });
    await call.admit(client, 'Omar');
    await perceives(client, THERAPIST);
    await propose(therapist);
    await client.reads('Dana asks to record this session');
    await agree(client);
    await safeSeconds(therapist, ENOUGH_SECONDS);
    await therapist.press('Stop recording');
    await complete(data);
    // the page of the same browser: it has the device
    const again = await call.visit(browser, call.demo.therapist, { id: THERAPIST });
    await again.press('Recordings of this session');
    await again.reads('A relaxing activity');
    await openFirst(again);
    await again.press('Play');
    const seen = await until('pictures of the client are shown', () => again.snapshot(), (now) => seenOf(now, CLIENT).read >= ENOUGH_READ, 40_000);
    t.diagnostic(`${seenOf(seen, CLIENT).read} pictures`);
    assert.equal(seenOf(seen, CLIENT).backward, 0);
    const elsewhere = browser === 'firefox' ? 'chromium' : 'firefox';
    const stranger = await call.visit(elsewhere, call.demo.therapist, { id: 4 });
    await stranger.press('Recordings of this session');
    await openFirst(stranger);
    await stranger.reads('This recording is not yours to open');
  }, { data });
}

/** A capsule's key opens its own generation from its step on: what was sealed before and after has to be of others. */
async function keysOfSpan(path, early, client) {
  const [line, ...others] = readFileSync(join(path, 'keys.jsonl'), 'utf8').trim().split('\n');
  assert.deepEqual(others, [], 'one key of the one who is recorded');
  const kid = kidOfCapsule(JSON.parse(line).message);
  assert.ok(early.length > 0 && early.every((one) => generationOf(one) < generationOf(kid)), `${early} before ${kid}`);
  await until('another key is in use', () => kidsOf(client), (kids) => generationOf(kids.at(-1)) > generationOf(kid));
}

/** Keys that the client has sealed by, in their order. */
function kidsOf({ page }) {
  return page.evaluate(() => window.kids);
}

/** RECORDING.md, section 2: the third field, each behind its length. */
function kidOfCapsule(message) {
  const bytes = Buffer.from(message, 'base64url');
  let at = 2;
  for (let field = 0; field < 2; field += 1) at += 2 + bytes.readUInt16BE(at);
  return bytes.readUInt32BE(at + 2);
}

/** SK-1, section 9: the step is below it. */
function generationOf(kid) {
  return Math.floor(kid / 256);
}

/** The number of the last picture of the client that somebody has seen; the client sees it first. */
async function counterOf(person) {
  return seenOf(await person.snapshot(), CLIENT).last;
}

function temporary() {
  const folder = mkdtempSync(join(tmpdir(), 'rapport-recordings-'));
  folders.push(folder);
  return folder;
}

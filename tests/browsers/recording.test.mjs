// A recording, from the question to the file: by the pages, in real browsers.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { Call, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { BINARY } from './harness/demo.mjs';
import { agree, complete, propose, recordingsIn, safeSeconds } from './harness/recording.mjs';

/** Long enough for two clusters. */
const ENOUGH_SECONDS = 8;

const folders = [];
const call = new Call();
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
    await perceives(therapist, 2);
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
    assert.deepEqual(tracks.map(({ codec }) => codec), ['opus', 'vp9']);
  }, { data });
}

function rapport(...args) {
  return execFileSync(BINARY, args, { encoding: 'utf8' });
}

function temporary() {
  const folder = mkdtempSync(join(tmpdir(), 'rapport-recordings-'));
  folders.push(folder);
  return folder;
}

// What the people of a call say and show, and the keys of it, are nowhere where the server could hold them.
//
// Each place is searched for what the browsers had in their hands before sealing, and then for something that has to be
// there: a search that finds nothing may have looked at nothing.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { guestFragment, hostFragment, withFragment } from './harness/fragment.mjs';
import { filesOf, found, memoryOf, spellings } from './harness/haystack.mjs';
import { needlesOf, sealedBy, tellingAll } from './harness/needles.mjs';
import { agree, complete, propose, safeSeconds } from './harness/recording.mjs';
import { Server } from './harness/server.mjs';
import { Synthetic } from './harness/synthetic.mjs';
import { until } from './harness/wait.mjs';

/** Of each kind: fewer would be a search for nearly nothing. */
const ENOUGH_NEEDLES = 16;

/** So long a recording has enough to look for. */
const RECORDED_SECONDS = 5;

/** 50 of sound and some pictures; not of each a stretch can be told from others. */
const FRAMES_A_SECOND = 40;

/** Of the frames that were sealed, what is kept to be sent again is some of the last second. */
const ENOUGH_SEALED = 1;

const folder = await mkdtemp(join(tmpdir(), 'rapport-canary-'));
const data = join(folder, 'data');
const recorded = join(folder, 'recorded');
const call = new Call();
after(() => Promise.all([call.close(), rm(folder, { recursive: true, force: true })]));

inCall('nothing of a call, and none of its keys, is where the server could hold it', call, async (t) => {
  const secrets = ownSecrets(call.demo);
  const options = await tellingAll();
  const people = await call.pair(['chromium', 'chromium'], { therapist: options, client: options });
  const wire = join(folder, 'wire');
  const witness = Synthetic.join(call.demo, call.demo.client, { flags: ['--tap', wire] });
  call.later(() => witness.leave());
  await people[0].press('Let in Member 1');
  await witness.says('the witness opens two senders', ({ type, report }) => type === 'counts' && Object.keys(report.senders).length === 2);

  const during = await until('everything is told of', () => needlesOf(people), enough);
  const keys = [...secrets, ...during.key].flatMap(spellings);
  const content = [...during.picture, ...during.sound];
  t.diagnostic(`${during.picture.length} pictures, ${during.sound.length} sounds, ${during.key.length} keys`);

  absent('memory during the call', [...content, ...keys], [...memoryOf(call.demo.pid)]);
  await until('sealed frames are found in memory', async () => found((await needlesOf(people)).sealed, memoryOf(call.demo.pid)).length, (count) => count >= ENOUGH_SEALED);

  await perceives(people[0], CLIENT);
  await perceives(people[1], THERAPIST);
  const after = await needlesOf(people);
  const packets = [await readFile(wire)];
  absent('packets as they came out of SRTP', [...content, ...after.picture, ...after.sound, ...keys], packets);
  assert.ok(found(after.sealed, packets).length >= ENOUGH_NEEDLES, 'sealed frames are found among the packets');

  await Promise.all([witness.leave(), ...people.map((person) => person.press('Leave'))]);
  absent('memory after the call', [...content, ...keys], [...memoryOf(call.demo.pid)]);

  const log = Buffer.from(call.demo.log());
  absent('log', [...content, ...keys], [log]);
  assert.equal(found([Buffer.from(new URL(call.demo.therapist).pathname)], [log]).length, 1, 'the log is what was printed');

  absent('data folder', [...content, ...keys], await filesOf(data));
  const planted = randomBytes(20);
  await writeFile(join(data, 'planted'), Buffer.concat([randomBytes(99), planted, randomBytes(99)]));
  assert.deepEqual(found([planted], await filesOf(data)), [planted], 'what lies in the folder is found');
}, { data, talkative: true });

inCall('nothing of a recording, and none of its keys, is where the server could read it', call, async (t) => {
  const secrets = ownSecrets(call.demo);
  const options = await tellingAll();
  const people = await call.pair(['chromium', 'chromium'], { therapist: options, client: options });
  const [therapist, client] = people;
  await propose(therapist);
  await client.reads('asks to record');
  await agree(client);
  await safeSeconds(therapist, RECORDED_SECONDS);
  const told = await until('everything is told of', () => needlesOf(people), enough);
  const keys = [...secrets, ...told.key].flatMap(spellings);
  const content = [...told.picture, ...told.sound];
  t.diagnostic(`${told.picture.length} pictures, ${told.sound.length} sounds, ${told.key.length} keys`);
  absent('memory while it records', [...content, ...keys], [...memoryOf(call.demo.pid)]);
  await client.press('Stop recording');
  const { path, files } = await complete(recorded);
  t.diagnostic(files.join(', '));
  const kept = await filesOf(path);
  absent('folder of the recording', [...content, ...keys], kept);
  const recordedFrames = found(await sealedBy(client), kept).length;
  t.diagnostic(`${recordedFrames} sealed frames are found in the recording`);
  assert.ok(recordedFrames >= RECORDED_SECONDS * FRAMES_A_SECOND);
  absent('memory after it', [...content, ...keys], [...memoryOf(call.demo.pid)]);
  absent('log', [...content, ...keys], [Buffer.from(call.demo.log())]);

  // a server with a bucket, which the demonstration has none of
  const [moved, bucket] = ['moved', 'bucket'].map((name) => join(folder, name));
  await cp(join(recorded, 'recordings'), moved, { recursive: true });
  const more = `[recorder]\nfolder = "${moved}"\nfloor = "1MiB"\nreserve = "1MiB"\n[recorder.bucket]\nurl = "file://${bucket}"`;
  const copying = await Server.start('http://localhost', { more });
  call.later(() => copying.stop());
  await until('the bucket is proven to have all', () => readFile(join(moved, basename(path), 'upload.jsonl'), 'utf8').catch(() => ''), (told) => files.filter((name) => told.includes(name)).length === files.length, 60_000);
  const copies = await filesOf(bucket);
  absent('bucket', [...content, ...keys], copies);
  assert.equal(found(await sealedBy(client), copies).length, recordedFrames, 'the sealed frames are found in it');
  absent('memory while it is copied', [...content, ...keys], [...memoryOf(copying.pid)]);
}, { data: recorded, talkative: true });

/** Both links with secrets that the server has never had: the demonstration makes its own, and says so. */
function ownSecrets(demo) {
  const [secret, seed] = [randomBytes(16), randomBytes(32)];
  demo.therapist = withFragment(demo.therapist, hostFragment(secret, seed));
  demo.client = withFragment(demo.client, guestFragment(secret, seed));
  return [secret, seed];
}

function enough({ picture, sound, key }) {
  return picture.length >= ENOUGH_NEEDLES && sound.length >= ENOUGH_NEEDLES && key.length >= 2;
}

function absent(place, needles, pieces) {
  assert.deepEqual(found(needles, pieces).map((needle) => needle.toString('hex')), [], `in the ${place}`);
}

// A recording of a minute in which things happen that happen in sessions: a camera that comes late, somebody who joins
// in the middle, a reload after which the picture has another codec, a server that is killed.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { Demo } from './harness/demo.mjs';
import { guestLink } from './harness/invite.mjs';
import { heardOf, seenOf } from './harness/person.mjs';
import { agree, complete, openFirst, propose, rapport, recordingsIn, safeSeconds, show, wordsOf } from './harness/recording.mjs';
import { until } from './harness/wait.mjs';

const GUEST = 3;

/** When what happens next may happen: enough of what was before is safe. */
const SOUND_ALONE = 8;
const WITH_PICTURE = 22;
const WITH_GUEST = 36;
const WHOLE = 61;

/** Half a second of pictures, of those that a player shows. */
const ENOUGH_READ = 15;

/** A browser that can't send these, if `holds`. */
const without = (codecs, holds = 'true') => `if (${holds}) {
  const all = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
  RTCRtpReceiver.getCapabilities = (kind) => {
    const { codecs, ...rest } = all(kind);
    return { ...rest, codecs: codecs.filter(({ mimeType }) => !${JSON.stringify(codecs)}.includes(mimeType)) };
  };
}`;

/** Both: nobody can show what they can't decode. */
const H264_ALONE = { before: without(['video/VP9', 'video/VP8']) };

const call = new Call();
const [data, apple, killed] = ['minute', 'apple', 'killed'].map((name) => mkdtempSync(join(tmpdir(), `rapport-${name}-`)));
after(async () => {
  await call.close();
  for (const folder of [data, apple, killed]) rmSync(folder, { recursive: true });
});

inCall('a minute is recorded with a camera that comes late, somebody who joins, and a picture that comes back by another codec', call, async (t) => {
  const [therapist, client] = await call.pair(['chromium', 'chromium'], { client: { before: without(['video/VP9'], "sessionStorage.getItem('without-vp9')") } });
  await client.press('Camera');
  await propose(therapist, { also: ['Sound of You', 'Picture of You'] });
  await client.reads('Dana asks to record this session');
  await agree(client);
  await safeSeconds(client, SOUND_ALONE);

  await client.press('Camera');
  await perceives(therapist, CLIENT);
  await safeSeconds(client, WITH_PICTURE);

  // a browser has one device for guests
  const guest = await call.enter('firefox', await guestLink(therapist), { name: 'Noor', id: GUEST, waits: true });
  await therapist.press('Let in Noor');
  await Promise.all([therapist, client].map((person) => person.reads('Recording is paused: waiting for Noor')));
  await guest.reads('Dana asks to record this session');
  await agree(guest);
  await safeSeconds(guest, WITH_GUEST);

  await client.page.evaluate(() => sessionStorage.setItem('without-vp9', 'yes'));
  await client.page.reload();
  await therapist.reads('Recording is paused: waiting for Omar');
  await client.reads('Dana asks to record this session');
  await agree(client);
  await perceives(therapist, CLIENT);
  await safeSeconds(therapist, WHOLE);
  await client.press('Stop recording');
  await therapist.reads('The recording has ended');

  const metrics = await fetch(`${call.demo.base}/metrics`).then((response) => response.text());
  assert.match(metrics, /^rapport_recorder_unconsented_packets_total 0$/m);
  const { path } = await complete(data);
  const verified = rapport('recording', 'verify', path);
  t.diagnostic(verified);
  assert.match(verified, /0:01:\d\d safe/);
  assert.ok(readFileSync(join(path, 'keys.jsonl'), 'utf8').trim().split('\n').length >= 3, 'a key of each span');

  const again = await call.visit('chromium', call.demo.therapist, { id: THERAPIST });
  await again.press('Recordings of this session');
  await openFirst(again);
  await again.press('Play');
  await until('both are heard from the beginning, and the therapist is seen', () => again.snapshot(), (now) => heardOf(now, CLIENT) > 0 && heardOf(now, THERAPIST) > 0 && seenOf(now, THERAPIST).read >= ENOUGH_READ);
  // the one picture by VP9 and the other by VP8
  for (const [seconds, what] of [[WITH_PICTURE, 'that came late'], [WHOLE, 'that came by another codec']]) {
    await seek(again, (seconds - 6) * 1000);
    await again.forget();
    const seen = await until(`the picture ${what} is shown`, () => again.snapshot(), (now) => seenOf(now, CLIENT).read >= ENOUGH_READ, 40_000);
    t.diagnostic(`${what}: ${JSON.stringify(seenOf(seen, CLIENT))}`);
    assert.equal(seenOf(seen, CLIENT).backward, 0);
    await until('the therapist beside it', () => again.snapshot(), (now) => seenOf(now, THERAPIST).read >= ENOUGH_READ);
  }
  await again.press('Sound only');
  await again.reads('Pictures are not opened');
  await seek(again, 0);
  await again.forget();
  const heard = await until('both are heard', () => again.snapshot(), (now) => heardOf(now, CLIENT) > 0 && heardOf(now, THERAPIST) > 0, 40_000);
  assert.deepEqual(heard.videos.filter(({ rendered }) => rendered > 0), [], 'and no picture is shown');

  const file = join(data, 'plain.webm');
  const said = rapport('recording', 'export', path, '--key', wordsOf(call.demo, data), '--out', file);
  t.diagnostic(said);
  assert.match(said, /0:01:\d\d, 5 tracks/);
  assert.doesNotMatch(said, /left out/);
  const viewer = await call.visit('chromium', 'about:blank', { id: 9 });
  await show(viewer, file, 'video/webm');
  const perceived = (now) => [CLIENT, THERAPIST].some((one) => seenOf(now, one).read >= ENOUGH_READ) && [CLIENT, THERAPIST].some((one) => heardOf(now, one) > 0);
  await until('pictures and tones are in the file', () => viewer.snapshot(), perceived, 40_000);
}, { data, timeout: 300_000 });

inCall('a server that is killed while it records has what the page called safe, and a page can play it', call, async (t) => {
  const [therapist, client] = await call.pair(['chromium', 'chromium']);
  await propose(therapist);
  await client.reads('Dana asks to record this session');
  await agree(client);
  const safe = await safeSeconds(therapist, SOUND_ALONE);
  const { port } = call.demo;
  await call.demo.stop('SIGKILL');
  const [{ files }] = recordingsIn(killed);
  assert.ok(files.includes('capture-000.mkv.part'), `${files}`);
  call.demo = await Demo.start({ port, data: killed });
  const { path } = await complete(killed);
  const verified = rapport('recording', 'verify', path);
  t.diagnostic(`${safe} s were called safe: ${verified}`);
  const [, seconds] = /0:00:(\d\d) safe/.exec(verified);
  assert.ok(Number(seconds) >= safe, verified);
  const again = await call.visit('chromium', call.demo.therapist, { id: THERAPIST });
  await again.press('Recordings of this session');
  await openFirst(again);
  await again.press('Play');
  const seen = await until('pictures of the client are shown', () => again.snapshot(), (now) => seenOf(now, CLIENT).read >= ENOUGH_READ, 40_000);
  assert.equal(seenOf(seen, CLIENT).backward, 0);
}, { data: killed });

inCall('what a browser sends by H.264 alone is recorded, goes into an MP4, and is shown on the page', call, async (t) => {
  const [therapist, client] = await call.pair(['chromium', 'chromium'], { therapist: H264_ALONE, client: H264_ALONE });
  await propose(therapist);
  await client.reads('Dana asks to record this session');
  await agree(client);
  await safeSeconds(therapist, SOUND_ALONE);
  await client.press('Stop recording');
  const { path } = await complete(apple);
  const file = join(apple, 'plain.mp4');
  t.diagnostic(rapport('recording', 'export', path, '--key', wordsOf(call.demo, apple), '--out', file));
  const viewer = await call.visit('chromium', 'about:blank', { id: 9 });
  await show(viewer, file, 'video/mp4');
  const seen = await until('pictures and tones of the client are in it', () => viewer.snapshot(), (now) => seenOf(now, CLIENT).read >= ENOUGH_READ && heardOf(now, CLIENT) > 0, 40_000);
  assert.equal(seenOf(seen, CLIENT).backward, 0);
  const again = await call.visit('chromium', call.demo.therapist, { id: THERAPIST });
  await again.press('Recordings of this session');
  await openFirst(again);
  await again.press('Play');
  const reviewed = await until('the picture is shown on the page', () => again.snapshot(), (now) => seenOf(now, CLIENT).read >= ENOUGH_READ, 40_000);
  assert.equal(seenOf(reviewed, CLIENT).backward, 0);
  const [, picture] = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')).tracks;
  assert.equal(picture.codec, 'h264');
}, { data: apple });

/** To a place on the slider of the player, as a hand on it does. */
function seek({ page }, ms) {
  return page.evaluate((to) => {
    const slider = document.querySelector('main input[type="range"]');
    slider.value = String(to);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    slider.dispatchEvent(new Event('change', { bubbles: true }));
  }, ms);
}

// Coming in: late, again, by a wrong link, and without a key.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Call, CLIENT, firstSight, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { connected, Stage } from './harness/stage.mjs';
import { seenOf } from './harness/person.mjs';
import { throughout, until } from './harness/wait.mjs';
import { isVoiceOf } from './pages/tone.js';

/** A sender that has talked for a while: the header of a frame grows with its counter, and a bit of it that a
 * decoder might take for "key frame" turns over. */
const COUNTERS = [0, 300, 70_000];

/** From the click to the first picture. */
const LATE_JOIN_MS = 1000;
/** From the reload of a page. */
const RELOAD_MS = 3000;

/** Joins that one bad moment of the machine can't decide. */
const JOINS = 5;

/** Of noise, so much may fall on a voice; of a call in the clear nearly all would. */
const CHANCE = 0.3;

/** Long enough for hundreds of packets. */
const WATCH_MS = 4000;

const call = new Call();
after(() => call.close());

for (const counter of COUNTERS) {
  inCall(`a late joiner sees a picture within a second when the sender counts from ${counter}`, call, async (t) => {
    const [, first] = await call.pair(['chromium', 'chromium'], { therapist: { before: countingFrom(counter) } });
    const waits = [];
    await call.leave(first);
    for (let join = 0; join < JOINS; join += 1) {
      const late = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT });
      waits.push(await firstSight(late, THERAPIST));
      await perceives(late, THERAPIST);
      await call.leave(late);
    }
    t.diagnostic(`from the click to the first picture: ${waits.map(Math.round).join(', ')} ms`);
    waits.sort((a, b) => a - b);
    assert.ok(waits[Math.floor(JOINS / 2)] <= LATE_JOIN_MS, `${waits} ms`);
  });
}

inCall('a sender of Firefox that counts from 70000 is seen at once', call, async () => {
  await call.pair(['firefox', 'chromium'], { therapist: { before: countingFrom(70_000) } });
});

for (const browser of ['chromium', 'firefox']) {
  inCall(`${browser}: a reload brings back into the call`, call, async (t) => {
    const [therapist, client] = await call.pair(['chromium', browser]);
    await client.page.reload();
    // the clock of a page starts when its loading does
    const seen = await until('the therapist is seen again', () => client.snapshot(), (now) => seenOf(now, THERAPIST).read > 0);
    const wait = seenOf(seen, THERAPIST).firstAt;
    t.diagnostic(`from the reload to the first picture: ${Math.round(wait)} ms`);
    assert.ok(wait <= RELOAD_MS, `${wait} ms`);
    await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
    await therapist.press('People');
    await therapist.reads('People (2)');
  });
}

inCall('a WHEP subscriber without keys recovers no picture and no tone, and gets nothing with a token of a guest', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'chromium']);
  const stage = await Stage.open({ withServer: false });
  call.later(() => stage.close());
  const gateway = await stage.gatewayTo(call.demo.base, { open: true });
  const [player, guest] = await Promise.all([call.demo.therapist, call.demo.client].map(async (link) => {
    const { token, room } = await redeemed(call.demo, link);
    const listener = await stage.peer('chromium');
    await listener.call('play', { url: `${gateway.base}/whep/${room}`, token });
    await connected(listener);
    return listener;
  }));
  await Promise.all([therapist, client].map((person) => person.press('People')));
  await Promise.all([therapist, client].map((person) => person.reads('2 listeners without a key')));
  const received = async (listener) => (await listener.call('report')).filter(({ type }) => type === 'inbound-rtp');
  await until('sealed media comes to it', () => received(player), (streams) => streams.length === 2 && streams.every(({ packetsReceived }) => packetsReceived > 50));
  assert.ok((await received(guest)).every(({ packetsReceived }) => packetsReceived === 0), 'none comes to a guest that nobody let in');
  await player.call('forget');
  const heard = [];
  await throughout('no picture can be read', WATCH_MS, () => player.call('snapshot'), ({ frames, tones }) => {
    if (tones.last !== null) heard.push(tones.last);
    return frames.read === 0;
  });
  // a decoder makes noise of sealed sound, which is on a voice by chance only
  const voices = heard.filter((tone) => [THERAPIST, CLIENT].some((source) => isVoiceOf(tone, source)));
  assert.ok(voices.length <= heard.length * CHANCE, `${voices.length} of ${heard.length} tones are of the call`);
  await perceives(client, THERAPIST);
});

/** Sets the counter of the first frame before the page's own code starts its worker. */
function countingFrom(counter) {
  return `{ const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      return post.call(this, message?.type === 'start' ? { ...message, firstCounter: ${counter} } : message, ...rest);
    }; }`;
}

/** A token for a device of its own. */
async function redeemed(demo, link) {
  const [, invitation] = new URL(link).pathname.match(/^\/j\/(.+)$/);
  const response = await fetch(`${demo.base}/api/v1/invitations/${invitation}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ device: 'AAAAAAAAAAAAAAAAAAAAAA' }),
  });
  assert.equal(response.status, 200);
  return response.json();
}

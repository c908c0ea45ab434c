// Eight people: two browsers and six synthetic members that seal with another implementation.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { Synthetic } from './harness/synthetic.mjs';
import { until } from './harness/wait.mjs';

const SYNTHETIC = 6;

/** Each of the others: about a second of it. */
const ENOUGH_FRAMES = 15;

const call = new Call();
after(() => call.close());

inCall('eight people see and hear each other', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'firefox']);
  const members = Synthetic.join(call.demo, call.demo.client, { count: SYNTHETIC, prefix: 'Member' });
  call.later(() => members.leave());
  await therapist.reads(`${SYNTHETIC} people are waiting`, 40_000);
  await therapist.press('Let everybody in');
  for (const person of [therapist, client]) {
    await until(`${person.id} sees six others move`, () => person.snapshot(), ({ videos }) => {
      const foreign = videos.filter(({ shown, rendered, bySource }) => shown && rendered >= ENOUGH_FRAMES && Object.keys(bySource).length === 0);
      return foreign.length === SYNTHETIC;
    }, 40_000);
    const { sounds } = await person.snapshot();
    assert.ok(sounds.filter(({ playing }) => playing).length >= SYNTHETIC + 1, 'seven voices are played');
  }
  await until('every member opens all seven others', async () => members.reports(), (reports) => {
    const complete = ({ senders }) => Object.values(senders).filter(enough).length === SYNTHETIC + 1;
    return reports.length === SYNTHETIC && reports.every(complete);
  }, 40_000);
  for (const { senders, clear } of members.reports()) {
    assert.equal(clear, 0, 'no frame came without a seal');
    assert.ok(Object.values(senders).every(({ failed }) => failed === 0), `no frame fails to open: ${JSON.stringify(senders)}`);
  }
  // with so many at work on one small machine sound may lag, but both faces go on
  await Promise.all([perceives(therapist, CLIENT, { sound: false }), perceives(client, THERAPIST, { sound: false })]);
});

function enough({ sound, picture }) {
  return sound >= ENOUGH_FRAMES && picture >= ENOUGH_FRAMES;
}

// Nothing leaves unsealed, whatever goes wrong in a page.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { Synthetic } from './harness/synthetic.mjs';
import { throughout } from './harness/wait.mjs';

/** Long enough for a hundred packets of clear media. */
const WATCH_MS = 2000;

/** Keeps every connection of the page, so that its packets can be counted. */
const COUNTED = `{ const Native = RTCPeerConnection; window.connections = [];
  window.RTCPeerConnection = class extends Native { constructor(...args) { super(...args); connections.push(this); } }; }`;

/** The mistake that a browser does not report: the transform comes a task too late, and frames pass it by. */
const LATE = lateTransform('get.call(this)');

/** The same with a page that reads back what it set, as if all were well. */
const LATE_AND_LYING = lateTransform('this.claimed');

const call = new Call();
after(() => call.close());

inCall('a transform that is set too late is noticed before anything is sent', call, async () => {
  const therapist = await call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST, before: COUNTED });
  const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, before: COUNTED + LATE, waits: true });
  await client.reads('The session was stopped to protect you');
  assert.equal(await packets(client, 'outbound-rtp', 'packetsSent'), 0);
  await nothingReaches(therapist);
});

// Here the page's watchdog and the server's check act together; each alone is in sealing.test.mjs and in the next test.
inCall('a transform that is too late and says otherwise lets no packet through', call, async () => {
  const therapist = await call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST, before: COUNTED });
  const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, before: COUNTED + LATE_AND_LYING, waits: true });
  await client.reads('The session was stopped to protect you');
  await nothingReaches(therapist);
});

inCall('the server refuses a client that sends clear frames, and nobody else notices', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'chromium'], { therapist: { before: COUNTED } });
  const before = await streams(therapist);
  const clear = Synthetic.join(call.demo, call.demo.client, { prefix: 'Clear', flags: ['--clear'] });
  call.later(() => clear.leave());
  await clear.says('it is told', ({ type }) => type === 'unsealed');
  await therapist.press('Let in Clear 1');
  const after = await streams(therapist);
  assert.deepEqual(after, before, 'no stream of it arrives');
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  const refused = (await metrics(call.demo)).filter((line) => /unsealed/.test(line));
  assert.ok(refused.some((line) => Number(line.split(' ').at(-1)) > 0), `counted: ${refused}`);
});

/** What of another person came to this page's connections: not one packet. */
async function nothingReaches(person) {
  await throughout('no packet arrives', WATCH_MS, () => packets(person, 'inbound-rtp', 'packetsReceived'), (count) => count === 0);
}

async function packets(person, type, field) {
  const entries = await report(person);
  return entries.filter((entry) => entry.type === type).reduce((sum, entry) => sum + entry[field], 0);
}

/** The streams that carry anything. */
async function streams(person) {
  const entries = await report(person);
  return entries.filter(({ type, packetsReceived }) => type === 'inbound-rtp' && packetsReceived > 0).map(({ ssrc }) => ssrc).sort();
}

function report(person) {
  return person.page.evaluate(async () => {
    const reports = await Promise.all(window.connections.map((connection) => connection.getStats()));
    return reports.flatMap((each) => [...each.values()].map((entry) => ({ ...entry })));
  });
}

async function metrics(demo) {
  return (await (await fetch(`${demo.base}/metrics`)).text()).split('\n').filter((line) => !line.startsWith('#'));
}

/** `claim` is what the page reads back. */
function lateTransform(claim) {
  return `{ const { get, set } = Object.getOwnPropertyDescriptor(RTCRtpSender.prototype, 'transform');
    Object.defineProperty(RTCRtpSender.prototype, 'transform', {
      configurable: true,
      get() { return ${claim}; },
      set(transform) { this.claimed = transform; setTimeout(() => set.call(this, transform), 0); },
    }); }`;
}

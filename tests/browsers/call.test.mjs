// Two people in a sealed call, by the links that the demo prints: content arrives both ways, and follows what they do.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { seenOf } from './harness/person.mjs';
import { throughout, until } from './harness/wait.mjs';

/** The second camera and the screen of a person: see `pages/witness.js`. */
const SECOND = 1;
const SCREEN = 100;

/** Longer than what lies in a jitter buffer. */
const STILL_MS = 1500;

const call = new Call();
after(() => call.close());

for (const browsers of [['chromium', 'chromium'], ['firefox', 'chromium']]) {
  const pairing = browsers.join(' and ');

  inCall(`${pairing}: two people see and hear each other`, call, async () => {
    const [therapist, client] = await call.pair(browsers);
    await Promise.all([therapist.reads('Omar'), client.reads('Dana'), therapist.reads('Sealed'), client.reads('Sealed')]);
    for (const person of [therapist, client]) assert.deepEqual(person.faults, []);
  });

  inCall(`${pairing}: a muted person is not heard, and is heard again`, call, async () => {
    const [therapist, client] = await call.pair(browsers);
    await client.press('Microphone');
    await therapist.reads('Muted');
    await silence(therapist);
    await perceives(therapist, CLIENT, { sound: false });
    await client.press('Microphone');
    await perceives(therapist, CLIENT);
  });

  inCall(`${pairing}: a camera that is turned off and on again`, call, async () => {
    const [therapist, client] = await call.pair(browsers);
    await client.press('Camera');
    await therapist.reads('Camera off');
    await unseen(therapist, CLIENT);
    await perceives(therapist, CLIENT, { sight: false });
    await client.press('Camera');
    await perceives(therapist, CLIENT);
  });

  inCall(`${pairing}: a screen is shared beside the camera`, call, async () => {
    const [therapist, client] = await call.pair(browsers);
    await client.press('Share screen');
    await perceives(therapist, CLIENT + SCREEN, { sound: false });
    await perceives(therapist, CLIENT);
    await client.press('Share screen');
    await unseen(therapist, CLIENT + SCREEN);
    await perceives(therapist, CLIENT);
  });

  inCall(`${pairing}: another camera and another microphone while the call goes on`, call, async () => {
    const [therapist, client] = await call.pair(browsers);
    await client.press('Choose camera');
    await client.press('Camera 2');
    await perceives(therapist, CLIENT + SECOND, { sound: false });
    await perceives(therapist, CLIENT, { sight: false });
    await client.press('Choose microphone and speaker');
    await client.press('Microphone 2');
    await perceives(therapist, CLIENT + SECOND);
  });
}

/** From some moment on no tone at all is heard. */
async function silence(person) {
  await until('it is quiet', async () => {
    await person.forget();
    await throughout('listening', STILL_MS, () => person.snapshot(), () => true);
    return (await person.snapshot()).sounds.reduce((sum, { heard }) => sum + heard, 0);
  }, (heard) => heard === 0);
}

/** From some moment on no picture of the source is shown. */
async function unseen(person, source) {
  await until(`${source} is not shown`, async () => {
    await person.forget();
    await throughout('looking', STILL_MS, () => person.snapshot(), () => true);
    return seenOf(await person.snapshot(), source).read;
  }, (read) => read === 0);
}

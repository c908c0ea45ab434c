// The waiting room, and what people are told of each other: by the pages, in real browsers.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { guestFragment, secretOf, seedOf, withFragment } from './harness/fragment.mjs';
import { guestLink, shownLink } from './harness/invite.mjs';
import { seenOf } from './harness/person.mjs';
import { throughout, until } from './harness/wait.mjs';

/** How long it is watched that nothing comes: many times what an admitted guest waits for a picture. */
const WATCH_MS = 3000;

const WAITING = 'You are in the waiting room';

const call = new Call();
after(() => call.close());

for (const browser of ['chromium', 'firefox']) {
  inCall(`${browser}: nothing is seen or heard of a guest, or by one, before the therapist lets them in`, call, async () => {
    const therapist = await therapistIn();
    const client = await call.enter(browser, call.demo.client, { name: 'Omar', id: CLIENT, waits: true });
    await Promise.all([client.reads(WAITING), client.reads('Dana is here'), client.reads('Your link proves'), therapist.reads('1 person is waiting')]);
    await therapist.reads('Came by your link');
    await unperceived(client, THERAPIST);
    await unperceived(therapist, CLIENT);
    await therapist.press('Let in Omar');
    await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  });
}

inCall('a guest who was declined is told so, and may be let in after all', call, async () => {
  const therapist = await therapistIn();
  const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, waits: true });
  await therapist.press('Decline Omar');
  await client.reads('You were not let in');
  await client.page.reload();
  await client.reads('You were not let in');
  await therapist.reads('Declined');
  await therapist.press('Let in Omar');
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
});

inCall('a guest goes back to the waiting room, and nothing comes to them any more', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'firefox']);
  await therapist.press('People');
  await therapist.press('Send Omar back to the waiting room');
  await client.reads(WAITING);
  await unperceived(client, THERAPIST);
  await therapist.press('Let in Omar');
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
});

inCall('a link that the therapist makes brings a guest in until it is taken back', call, async () => {
  const therapist = await therapistIn();
  const link = await guestLink(therapist);
  assert.notEqual(new URL(link).pathname, new URL(call.demo.client).pathname);
  const client = await call.enter('firefox', link, { name: 'Omar', id: CLIENT, waits: true });
  await Promise.all([client.reads(WAITING), client.reads('Your link proves'), therapist.reads('Came by your link')]);
  await therapist.press('Let in Omar');
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  // it is known by the link after a reload of the therapist's page, too
  await therapist.page.reload();
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  await therapist.press('People');
  assert.equal(await shownLink(therapist), link);
  await therapist.press('Take back link 1');
  await therapist.press('Take back');
  await therapist.reads('Make a link for a guest');
  const late = await call.visit('chromium', link, { id: 5 });
  await late.reads('taken back');
  await perceives(therapist, CLIENT);
});

inCall('a reload of either is let in again without a question', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'chromium']);
  for (const person of [client, therapist]) {
    await person.page.reload();
    await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
    assert.equal(await therapist.has('button', 'Let in Omar'), false);
  }
});

inCall('both see the same five words, and who has compared them is verified', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'firefox']);
  const words = [];
  for (const [person, other] of [[therapist, 'Omar'], [client, 'Dana']]) {
    await person.reads('Sealed');
    await person.press('Sealed');
    await person.reads('New: you have not compared the words yet');
    words.push(await wordsWith(person, other));
    await person.press('They match');
    await person.reads('Verified: you compared the words');
    await person.press('Close');
    await until('the lock says so', () => person.has('button', 'Verified'));
  }
  assert.equal(words[0].length, 5);
  assert.deepEqual(words[0], words[1]);
});

inCall('another device than last time is announced loudly', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'firefox']);
  await call.leave(client);
  await therapist.reads('Nobody else is here yet');
  const other = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, waits: true });
  await therapist.reads('Another device than last time. Compare the words');
  await therapist.press('Let in Omar');
  await perceives(other, THERAPIST);
  await until('the lock says so', () => therapist.has('button', 'Changed device'));
});

inCall('a second tab of the same guest takes over, and the first one says so', call, async () => {
  const [therapist, first] = await call.pair(['chromium', 'chromium']);
  const second = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, waits: true });
  await first.reads('You joined from somewhere else');
  await Promise.all([perceives(second, THERAPIST), perceives(therapist, CLIENT)]);
});

inCall('who comes by a link that the therapist does not know is shown as such, and waits', call, async () => {
  const therapist = await therapistIn();
  const unknown = withFragment(call.demo.client, guestFragment(randomBytes(16), seedOf(call.demo.therapist)));
  const client = await call.enter('chromium', unknown, { name: 'Omar', id: CLIENT, waits: true });
  await client.reads(WAITING);
  await therapist.reads('Came by a link that this device does not know');
  await unperceived(therapist, CLIENT);
  await therapist.press('Decline Omar');
  await client.reads('You were not let in');
});

inCall('a link of another clinic meets nobody, and says so', call, async () => {
  const therapist = await therapistIn();
  const foreign = withFragment(call.demo.client, guestFragment(secretOf(call.demo.client), randomBytes(32)));
  const client = await call.enter('chromium', foreign, { name: 'Omar', id: CLIENT, waits: true });
  await client.reads('This link belongs to another one');
  await client.reads('The therapist is not here yet');
  await unperceived(client, THERAPIST);
  await unperceived(therapist, CLIENT);
});

for (const [what, edit, says] of [
  ['of an older version', () => Buffer.alloc(16, 9).toString('base64url'), 'This link is of an older version'],
  ['that is cut off', (fragment) => fragment.slice(0, -3), 'This link is cut off'],
  ['with one letter changed', (fragment) => `${fragment.slice(0, 20)}${fragment[20] === 'A' ? 'B' : 'A'}${fragment.slice(21)}`, 'This link is cut off'],
]) {
  inCall(`a link ${what} says so`, call, async () => {
    const [address, fragment] = call.demo.client.split('#');
    const client = await call.visit('chromium', `${address}#${edit(fragment)}`, { id: CLIENT });
    await client.reads(says);
  });
}

inCall('a browser that keeps nothing works, and says that it keeps nothing', call, async () => {
  const therapist = await therapistIn();
  const before = "Object.defineProperty(window, 'indexedDB', { value: undefined });";
  const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, waits: true, before });
  await client.reads('This browser keeps nothing after you close the page');
  await therapist.press('Let in Omar');
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
});

function therapistIn() {
  return call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST });
}

/** Nothing of a source is seen or heard for a while. */
async function unperceived(person, source) {
  await person.forget();
  await throughout(`${person.id} does not perceive ${source}`, WATCH_MS, () => person.snapshot(), (now) => {
    const foreign = now.videos.filter(({ bySource }) => !(person.id in bySource));
    return seenOf(now, source).read === 0 && foreign.every(({ rendered }) => rendered === 0) && now.sounds.every(({ heard }) => heard === 0);
  });
}

function wordsWith(person, name) {
  return person.page.evaluate((label) => {
    const group = [...document.querySelectorAll('[role="group"]')].find((one) => one.ariaLabel === label);
    return [...group.querySelectorAll('li')].map(({ textContent }) => textContent);
  }, `Words with ${name}`);
}

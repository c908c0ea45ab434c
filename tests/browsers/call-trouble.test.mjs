// Whatever goes wrong for a person on the way into a call is one plain sentence with a way on.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { Line, ownAddress } from './harness/line.mjs';
import { Synthetic } from './harness/synthetic.mjs';
import { until } from './harness/wait.mjs';

const TURN_ON = 'Turn on camera and microphone';

/** As many as the demonstration lets in. */
const FULL = 16;

/** Sixteen who all hear each other would be work for the machine and nothing for the test. */
const FEW_PLACES = ['--places', '1'];

const call = new Call();
after(() => call.close());

const DEVICES = [
  {
    what: 'no camera',
    devices: { present: ['audio'] },
    says: ['No camera was found', 'Plug in a camera'],
    joins: 'Join with sound only',
  },
  {
    what: 'a camera that another program has',
    devices: { faults: { video: 'NotReadableError' } },
    says: ['Your camera is busy', 'Close other apps'],
    joins: 'Join with sound only',
  },
  {
    what: 'a question that was closed without an answer',
    devices: { faults: { audio: 'NotAllowedError: Permission dismissed', video: 'NotAllowedError: Permission dismissed' } },
    says: ['Your camera is still off', 'Your microphone is still off', 'Choose “Try again” and then “Allow”'],
    joins: 'Join to watch and listen',
  },
  {
    what: 'no microphone',
    devices: { present: ['video'] },
    says: ['No microphone was found', 'Plug in a microphone or headset'],
    joins: 'Join without a microphone',
  },
];

for (const { what, devices, says, joins } of DEVICES) {
  inCall(`${what}: the lobby says so, and lets in as it is and after another try`, call, async () => {
    const person = await call.visit('chromium', call.demo.client, { id: CLIENT, ...devices });
    await person.press(TURN_ON);
    for (const sentence of says) await person.reads(sentence);
    assert.ok(await until('a way in', () => person.has('button', joins)));
    await mendDevices(person);
    for (const _ of Object.keys(devices.faults ?? { one: 1 })) await person.press('Try again');
    await until('all is well', () => person.has('button', 'Join'));
    for (const sentence of says) assert.ok(!(await person.text()).includes(sentence), `gone: ${sentence}`);
  });
}

inCall('devices that were refused in the browser: the lobby names the place where that is changed', call, async () => {
  const person = await call.visit('chromium', call.demo.client, {
    id: CLIENT,
    faults: { audio: 'NotAllowedError: Permission denied', video: 'NotAllowedError: Permission denied' },
  });
  const browser = await person.page.context().newCDPSession(person.page);
  for (const name of ['camera', 'microphone']) {
    await browser.send('Browser.setPermission', { origin: call.demo.origin, permission: { name }, setting: 'denied' });
  }
  await person.press(TURN_ON);
  await person.reads('This page may not use your camera');
  await person.reads('This page may not use your microphone');
  await person.reads('Open the site settings beside the web address');
  await until('a way in', () => person.has('button', 'Join to watch and listen'));
});

inCall('on a machine without devices one can still watch and listen', call, async () => {
  const therapist = await call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST });
  const client = await call.visit('chromium', call.demo.client, { id: CLIENT, real: true });
  await client.fill('Your name', 'Omar');
  await client.press(TURN_ON);
  await client.reads('No camera was found');
  await client.reads('No microphone was found');
  await client.press('Join to watch and listen');
  await call.admit(client, 'Omar');
  await perceives(client, THERAPIST);
  await therapist.reads('Omar');
  await therapist.reads('Camera off');
  assert.deepEqual(client.faults, []);
});

const LINKS = [
  { what: 'without its secret', edit: (link) => link.split('#')[0], says: 'This link is not complete', todo: 'Open the whole link' },
  { what: 'cut off', edit: (link) => link.slice(0, -3), says: 'This link is cut off', todo: 'Copy the whole link' },
  { what: 'without its invitation', edit: (link) => link.replace(/\/j\/[\w-]+/, '/j/short'), says: 'This link is not complete', todo: 'Open the whole link' },
  { what: 'of nobody', edit: (link) => link.replace(/\/j\/[\w-]+/, `/j/${'A'.repeat(22)}`), says: 'This link is not known here', todo: 'for a new link' },
];

inCall('a link that leads nowhere says what is wrong with it, and what to do', call, async () => {
  for (const { what, edit, says, todo } of LINKS) {
    const person = await call.visit('chromium', edit(call.demo.client), { id: CLIENT });
    await ends(person, says, todo).catch((error) => assert.fail(`a link ${what}: ${error.message}`));
    await call.leave(person);
  }
});

inCall('a link whose time is over', call, async () => {
  // The demonstration's links live for twelve hours. That the server then says 410 is for its own tests; here it is
  // said for it, in between.
  const person = await call.visit('chromium', call.demo.origin, { id: CLIENT });
  const problem = { status: 410, contentType: 'application/problem+json', body: '{"title":"The invitation has expired","status":410}' };
  await person.page.route('**/api/v1/invitations/*', (route) => route.fulfill(problem));
  await person.page.goto(call.demo.client);
  await ends(person, 'This link is no longer valid', 'Ask the person who invited you for a new link');
});

inCall('a page that came without https, from another machine', call, async () => {
  const line = await Line.to(call.demo.port, { host: ownAddress() });
  call.later(() => line.close());
  const person = await call.visit('chromium', line.carry(call.demo.client), { id: CLIENT });
  await ends(person, 'This page was opened without https', 'Open the link again with https');
});

for (const browser of ['chromium', 'firefox']) {
  inCall(`${browser}: a browser that can't seal is told which ones can, before it asks for a camera`, call, async () => {
    const before = 'delete window.RTCRtpScriptTransform;';
    const person = await call.visit(browser, call.demo.client, { id: CLIENT, before });
    await ends(person, 'This browser can’t seal a session', 'Chrome or Edge 141 or newer, or a current Firefox');
    assert.ok(!(await person.has('button', TURN_ON)));
  });
}

inCall('a room that is full, until somebody leaves', call, async () => {
  const members = Synthetic.join(call.demo, call.demo.client, { count: FULL - 1, flags: FEW_PLACES });
  const last = Synthetic.join(call.demo, call.demo.client, { prefix: 'Last', flags: FEW_PLACES });
  call.later(() => members.leave());
  const joined = async () => [members, last].flatMap(({ lines }) => lines).filter(({ type }) => type === 'joined').length;
  await until('all are in', joined, (count) => count === FULL);
  const person = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT });
  await ends(person, 'The session is full', 'Try again when somebody has left');
  await last.leave();
  await comesBack(person);
  await person.reads('The therapist is not here yet');
});

inCall('a room that is locked, until it is opened', call, async () => {
  const therapist = await call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST });
  await therapist.press('People');
  await therapist.press('Lock the session');
  await therapist.reads('Locked');
  const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, waits: true });
  await ends(client, 'The session is locked', 'Contact the host');
  await therapist.press('Lock the session');
  await comesBack(client);
  await call.admit(client, 'Omar');
  await perceives(client, THERAPIST);
});

inCall('somebody whom the host removes, and then all', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'chromium']);
  await therapist.press('People');
  await therapist.press('Remove Omar');
  await therapist.reads('Remove Omar?');
  await therapist.press('Remove');
  await ends(client, 'You are no longer in the session', 'contact the host');
  await therapist.reads('People (1)');
  const other = await call.enter('chromium', call.demo.client, { name: 'Nadia', id: CLIENT });
  await perceives(other, THERAPIST);
  await therapist.press('End for everybody');
  await therapist.reads('End the session for everybody?');
  await therapist.press('End for everybody');
  for (const person of [therapist, other]) await ends(person, 'The session has ended', 'You can close this page');
});

inCall('a tab that was duplicated stands before the door, and takes over when it goes in', call, async () => {
  const [therapist, first] = await call.pair(['chromium', 'chromium']);
  // what a browser copies into the duplicate
  const stored = await first.page.evaluate(() => Object.entries(sessionStorage));
  const before = `if (location.protocol === 'http:') ${JSON.stringify(stored)}.forEach(([name, value]) => sessionStorage.setItem(name, value));`;
  const second = await call.visit('chromium', call.demo.client, { id: CLIENT, before });
  await second.reads('Before you join');
  await therapist.press('People');
  await therapist.reads('People (2)');
  await second.join('Omar');
  await first.reads('You joined from somewhere else');
  await perceives(second, THERAPIST);
  await therapist.reads('People (2)');
});

/** The view that says why nobody gets in or why it is over: a heading of its own, and what to do. */
async function ends(person, heading, todo) {
  const look = () => person.page.evaluate(() => document.querySelector('main h1')?.innerText);
  await until(`the page is headed ${heading}`, look, (seen) => seen === heading);
  await person.reads(todo, 0);
}

/** By the button of that view, and the lobby. */
async function comesBack(person) {
  await person.press('Join again');
  await person.join('Omar');
  await until('is in the call', () => person.has('button', 'Leave'));
}

function mendDevices(person) {
  return person.page.evaluate(() => Object.assign(window.devices, { faults: {}, present: ['audio', 'video'] }));
}

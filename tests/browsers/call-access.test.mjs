// The real pages for everybody: by keyboard alone, small and large, light and dark, and with nothing from elsewhere.
// Pictures of them all are in `target/screens` afterwards.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { Keyboard } from './harness/keyboard.mjs';
import { look, moving } from './harness/looks.mjs';
import { until } from './harness/wait.mjs';

/** Keeps what the content policy of the server refuses. */
const WATCHED = `
  window.violations = [];
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
    violations.push([violatedDirective, blockedURI, sample].join(' ')));`;

/** The rules that keep foreign code and foreign servers out. */
const POLICY = ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"];

const call = new Call();
after(() => call.close());

inCall('every page: nothing serious for axe, nothing beside the page, also narrow and with text doubled', call, async () => {
  const outsider = await visit(call.demo.origin);
  const findings = await look(outsider.page, 'home');
  await outsider.page.goto(call.demo.client.slice(0, -3));
  await outsider.reads('This link is cut off');
  findings.push(...(await look(outsider.page, 'trouble')));

  const therapist = await visit(call.demo.therapist, { id: THERAPIST });
  therapist.isHost = true;
  await therapist.fill('Your name', 'Dana');
  findings.push(...(await look(therapist.page, 'lobby-before')));
  await therapist.press('Turn on camera and microphone');
  await until('the camera is on', () => therapist.has('button', 'Join'));
  findings.push(...(await look(therapist.page, 'lobby')));
  await therapist.press('Join');
  await therapist.reads('Nobody else is here yet');
  findings.push(...(await look(therapist.page, 'call-alone')));
  const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, width: 360, height: 640, waits: true });
  await client.reads('You are in the waiting room');
  findings.push(...(await look(client.page, 'waiting')));
  await therapist.reads('1 person is waiting');
  findings.push(...(await look(therapist.page, 'guests')));
  await call.admit(client, 'Omar');
  await perceives(therapist, CLIENT);
  findings.push(...(await look(therapist.page, 'call')));

  await therapist.press('People');
  await therapist.reads('People (2)');
  findings.push(...(await look(therapist.page, 'people')));
  await therapist.press('People');
  for (const [button, heading, view] of [['Settings', 'Settings', 'settings'], ['Sealed', 'Who is here, and what is sealed', 'seal'], ['Leave', 'Leave the session?', 'leave']]) {
    await therapist.press(button);
    await therapist.reads(heading);
    findings.push(...(await look(therapist.page, view)));
    if (view !== 'leave') await therapist.press('Close');
  }
  await therapist.press('Only leave');
  await therapist.reads('You left the session');
  findings.push(...(await look(therapist.page, 'end')));
  assert.deepEqual(findings, []);
  for (const person of [outsider, therapist, client]) assert.deepEqual(person.faults, []);
});

inCall('the whole call by keyboard alone, and nothing from another origin', call, async () => {
  const client = await visit(call.demo.client, { id: CLIENT });
  await client.join('Omar');
  const person = await visit('about:blank', { id: THERAPIST });
  const requests = [];
  person.page.on('request', (request) => requests.push(request.url()));
  person.page.on('websocket', (socket) => requests.push(socket.url().replace(/^ws/, 'http')));
  const response = await person.page.goto(call.demo.therapist);
  const policy = response.headers()['content-security-policy'].split(';').map((rule) => rule.trim());
  for (const rule of POLICY) assert.ok(policy.includes(rule), `${rule} in ${policy}`);

  const keys = new Keyboard(person);
  await comeIn(keys);
  await keys.press('Let in Omar');
  await perceives(person, CLIENT);
  await useControls(keys, client);
  await openAndClose(keys, person);
  await moveOwnPicture(keys, person);
  await useShortcuts(keys, client);
  await keys.press('Leave');
  await person.reads('Leave the session?');
  await keys.press('Only leave');
  await person.reads('You left the session');
  await client.reads('Nobody else is here yet');

  const foreign = requests.filter((url) => !/^(blob|data):/.test(url) && new URL(url).origin !== call.demo.origin);
  assert.deepEqual(foreign, []);
  assert.ok(requests.some((url) => url.endsWith('/api/v1/call')), 'sockets are among them');
  for (const each of [person, client]) assert.deepEqual(await each.page.evaluate(() => window.violations), []);
});

inCall('nothing moves for somebody who does not want it', call, async () => {
  const person = await visit(call.demo.client, { id: CLIENT });
  await person.join('Omar');
  await person.reads('The therapist is not here yet');
  assert.notDeepEqual(await moving(person.page, 'no-preference'), [], 'else this would see nothing');
  assert.deepEqual(await moving(person.page, 'reduce'), []);
  await person.press('Settings');
  await person.reads('Use single keys as shortcuts');
  assert.deepEqual(await moving(person.page, 'reduce'), []);
});

async function comeIn(keys) {
  // a view that has just come takes the focus to its heading
  await until('the lobby is there', () => keys.person.has('textbox', 'Your name'));
  await keys.to('Your name');
  await keys.type('Dana');
  await keys.press('Turn on camera and microphone');
  await keys.press('Join', 'Enter', { back: !(await ahead(keys, 'Join')) });
  await until('is in the call', () => keys.person.has('button', 'Leave'));
}

/** Is the control after the one that has the focus? */
async function ahead(keys, name) {
  await until(`a button named ${name}`, () => keys.person.has('button', name));
  return keys.page.evaluate((wanted) => {
    const found = [...document.querySelectorAll('button')].find((button) => window.nameOf(button) === wanted);
    return Boolean(document.activeElement.compareDocumentPosition(found) & Node.DOCUMENT_POSITION_FOLLOWING);
  }, name);
}

/** What the other one sees of it is the proof that it was done. */
async function useControls(keys, client) {
  await keys.press('Microphone', 'Space');
  await client.reads('Muted');
  await keys.key('Space');
  await client.page.waitForFunction(() => !document.body.innerText.includes('Muted'));
  await keys.press('Choose camera');
  await until('the menu has the focus', () => keys.focus(), ({ name }) => /^Camera \d$/.test(name));
  await keys.key('ArrowDown');
  await until('the next camera has the focus', () => keys.focus(), ({ name, ringed }) => name === 'Camera 2' && ringed);
  await keys.key('Enter');
  await perceives(client, THERAPIST + 1, { sound: false });
  await until('the focus is back', () => keys.focus(), ({ name }) => name === 'Choose camera');
  await keys.press('Raise hand', 'Space');
  await client.reads('Hand up');
  await keys.key('Space');
}

/** Every layer takes the focus, and gives it back. */
async function openAndClose(keys, person) {
  await keys.press('People');
  await until('the list has the focus', () => keys.focus(), ({ name }) => name === 'People (2)');
  await keys.to('Remove Omar');
  await keys.key('Escape');
  await until('the focus is back', () => keys.focus(), ({ name }) => name === 'People');
  await keys.press('Settings');
  await person.reads('Use single keys as shortcuts');
  await keys.to('Close', { back: true });
  await keys.key('Enter');
  await until('the focus is back', () => keys.focus(), ({ name }) => name === 'Settings');
  await keys.to('Sealed', { back: true });
  await keys.key('Enter');
  await person.reads('Who is here, and what is sealed');
  await keys.key('Escape');
  await until('the focus is back', () => keys.focus(), ({ name }) => name === 'Sealed');
}

async function moveOwnPicture(keys, person) {
  const corner = () => person.page.evaluate(() => {
    const own = document.querySelector('[aria-label="Your own picture"]').getBoundingClientRect();
    return [own.left < innerWidth / 2 ? 'left' : 'right', own.top < innerHeight / 2 ? 'top' : 'bottom'].join(' ');
  });
  await keys.to('Move your picture with the arrow keys, or drag it');
  assert.equal(await corner(), 'right bottom');
  for (const [key, expected] of [['ArrowLeft', 'left bottom'], ['ArrowUp', 'left top'], ['ArrowRight', 'right top'], ['ArrowDown', 'right bottom']]) {
    await keys.key(key);
    await until(`the picture is ${expected}`, corner, (now) => now === expected);
  }
  await keys.press('Hide your picture');
  await until('the focus stays there', () => keys.focus(), ({ name }) => name === 'Show your picture');
  await keys.key('Enter');
  await until('the focus stays there', () => keys.focus(), ({ name }) => name === 'Hide your picture');
}

async function useShortcuts(keys, client) {
  await keys.key('v');
  await client.reads('Camera off');
  await keys.key('v');
  await perceives(client, THERAPIST + 1, { sound: false });
  await keys.key('m');
  await client.reads('Muted');
  await keys.key('h');
  await client.reads('Hand up');
  await keys.key('p');
  await keys.person.reads('People (2)');
  await keys.key('p');
  await until('the focus is back', () => keys.focus(), ({ name }) => name === 'People');
}

function visit(link, options = {}) {
  return call.visit('chromium', link, { id: CLIENT, before: WATCHED, ...options });
}

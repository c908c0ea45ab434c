// The line between a page and the server breaks, the server goes, and somebody says things that are no messages.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { Demo } from './harness/demo.mjs';
import { Line } from './harness/line.mjs';
import { seenOf } from './harness/person.mjs';
import { until } from './harness/wait.mjs';

/** How soon after the return of the server all see each other again. */
const BACK_MS = 5000;

/** A session whose socket is lost leaves its room after 30 s; beyond that this is a failure. */
const LEFT_MS = 45_000;

/** How long the page looks for a server before it says that it is gone. */
const GIVEN_UP_MS = 300_000;

/** Keeps what the list of people says it counts, and every socket of the page with how it was closed. */
const WATCHED = `
  window.counts = [];
  addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
    const count = document.querySelector('aside h2')?.innerText;
    if (count && counts.at(-1) !== count) counts.push(count);
  }).observe(document.body, { subtree: true, childList: true, characterData: true }));
  window.sockets = []; window.closes = [];
  { const Native = WebSocket; window.WebSocket = class extends Native {
      constructor(...args) {
        super(...args);
        sockets.push(this);
        this.addEventListener('close', ({ code, reason }) => closes.push(code + ' ' + reason));
      }
  } }`;

const call = new Call();
after(() => call.close());

inCall('a line that is lost for some seconds: the person sees it, and nobody leaves or comes twice', call, async () => {
  const { therapist, client, line } = await throughLine();
  await line.cut();
  await lost(client, /Looking for it for [2-9] seconds/);
  await therapist.reads('Reconnecting');
  await perceives(therapist, CLIENT);
  await line.mend();
  await recovered(client);
  await until('the therapist sees it', () => therapist.text(), (text) => !text.includes('Reconnecting'));
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  assert.deepEqual(await counts(therapist), ['People (2)']);
  assert.deepEqual(await counts(client), ['People (2)']);
});

inCall('a line that is lost for longer than the server waits: out, and in again by itself, once', call, async () => {
  const { therapist, client, line } = await throughLine();
  await line.cut();
  await lost(client, /Looking for it for 1\d seconds/);
  await until('there are ways on', async () => (await client.has('button', 'Try again')) && client.has('button', 'Leave'));
  await therapist.reads('People (1)', LEFT_MS);
  await line.mend();
  await recovered(client);
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  assert.deepEqual(await counts(therapist), ['People (2)', 'People (1)', 'People (2)']);
  await client.reads('People (2)');
});

inCall('a server that is started anew finds both back in their call', call, async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'rapport-demo-'));
  call.later(() => rm(data, { recursive: true, force: true }));
  await call.demo.stop();
  call.demo = await Demo.start({ data });
  const people = await call.pair(['chromium', 'chromium']);
  const { port, client: link } = call.demo;
  await call.demo.stop('SIGKILL');
  // long enough for the pauses between two tries to have grown to their longest
  await Promise.all(people.map((person) => lost(person, /Looking for it for [89] seconds/)));
  await Promise.all(people.map((person) => person.forget()));
  call.demo = await Demo.start({ port, data });
  const since = Date.now();
  assert.equal(call.demo.client, link, 'the links are the same');
  await Promise.all(people.map((person, index) => until('they see each other', () => person.snapshot(), (seen) => seenOf(seen, [CLIENT, THERAPIST][index]).read > 0)));
  const wait = Date.now() - since;
  t.diagnostic(`from the server's return to the first picture: ${wait} ms`);
  assert.ok(wait <= BACK_MS, `${wait} ms`);
  await Promise.all([perceives(people[0], CLIENT), perceives(people[1], THERAPIST)]);
  for (const person of people) {
    await person.press('People');
    await person.reads('People (2)');
  }
});

inCall('a server that stays away: the page says so in the end, and has a way on', call, async () => {
  const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT });
  await client.reads('The therapist is not here yet');
  await client.page.clock.install();
  await call.demo.stop();
  await lost(client, /Connection lost/);
  await client.page.clock.fastForward(GIVEN_UP_MS);
  await client.reads('The connection was lost');
  await client.reads('Check your internet connection, then join again');
  await client.press('Join again');
  await client.reads('The session can’t be reached');
  await until('a way on', () => client.has('button', 'Try again'));
});

/** What is said on a socket of its own, as its first words, and how the server closes it. */
const FIRST_WORDS = [
  ['{', '4400 malformed: json'],
  ['[]', /^4400 malformed/],
  ['{"type":"sing"}', /^4400 malformed/],
  ['{"type":"join"}', /^4400 malformed/],
  ['{"type":"resume","session":"x","received":-1}', /^4400 malformed/],
  ['{"type":"resume","session":"nobody\'s","received":0}', /^4404 no_session/],
  [[0, 255, 1], '4400 malformed: binary'],
  ['"'.repeat(400_000), /^4413 too_much/],
];

/** What somebody says who is in the room. */
const LATER_WORDS = [
  ['no JSON at all', '4400 malformed: json'],
  ['{"seq":9007199254740993,"ack":0,"body":{"type":"leave"}}', /^4400 malformed/],
  ['{"seq":7000,"ack":0,"body":{"type":"hand","raised":true}}', /^4400 malformed/],
];

inCall('words that are no messages close their socket and say why; the two in the room notice nothing', call, async () => {
  // a stranger in the client's own browser would be the client again
  const people = await call.pair(['chromium', 'firefox'], { therapist: { before: WATCHED }, client: { before: WATCHED } });
  await Promise.all(people.map((person) => person.press('People')));
  const stranger = await call.visit('chromium', call.demo.client, { id: 7, before: WATCHED });
  for (const [words, expected] of FIRST_WORDS) await answers(await stranger.page.evaluate(speak, words), expected, words);
  for (const [words, expected] of LATER_WORDS) {
    if (!(await stranger.has('button', 'Turn on camera and microphone'))) await stranger.page.reload();
    await stranger.join('Eve');
    await call.admit(stranger, 'Eve');
    await Promise.all(people.map((person) => person.reads('People (3)')));
    await stranger.page.evaluate((said) => { closes.length = 0; sockets.at(-1).send(said); }, words);
    const [close] = await until('the socket is closed', () => stranger.page.evaluate(() => closes), ({ length }) => length > 0);
    answers(close, expected, words);
    await stranger.reads('Something went wrong on our side');
    await Promise.all(people.map((person) => person.reads('People (2)')));
  }
  await Promise.all([perceives(people[0], CLIENT), perceives(people[1], THERAPIST)]);
  for (const person of people) {
    assert.deepEqual(person.faults, []);
    assert.deepEqual(await person.page.evaluate(() => [sockets.length, closes]), [1, []], 'the socket of the first moment');
  }
});

function answers(close, expected, words) {
  const said = typeof words === 'string' ? words.slice(0, 80) : String(words);
  if (expected instanceof RegExp) assert.match(close, expected, said);
  else assert.equal(close, expected, said);
}

/** In a page: says something as the first words of a socket, and returns how that is closed. */
async function speak(words) {
  const socket = new WebSocket('/api/v1/call', 'rapport.v1');
  await new Promise((open) => socket.addEventListener('open', open));
  const closed = new Promise((close) => socket.addEventListener('close', close));
  socket.send(typeof words === 'string' ? words : new Uint8Array(words));
  const { code, reason } = await closed;
  return `${code} ${reason}`;
}

/** The client comes by a line that can be cut; both have the list of people open. */
async function throughLine() {
  const line = await Line.to(call.demo.port);
  call.later(() => line.close());
  const therapist = await call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST, before: WATCHED });
  const client = await call.enter('chromium', line.carry(call.demo.client), { name: 'Omar', id: CLIENT, before: WATCHED });
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  for (const person of [therapist, client]) {
    await person.press('People');
    await person.reads('People (2)');
  }
  return { therapist, client, line };
}

/** The lane of notices; what was said for those who listen stays in its log. */
function notice(person) {
  return person.page.evaluate(() => document.querySelector('section[aria-label="Notices"]').innerText);
}

function lost(person, sentence) {
  return until(`${person.id} is told: ${sentence}`, () => notice(person), (text) => sentence.test(text));
}

function recovered(person) {
  return until(`${person.id} is connected again`, () => notice(person), (text) => text === '');
}

function counts(person) {
  return person.page.evaluate(() => window.counts);
}

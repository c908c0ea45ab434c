// A server that has all that a server has, and lies: it gains nothing, and people are told.
//
// The lies are told in front of the product's own server, to real pages. Where nothing must happen, the same test shows
// what would be seen if it did.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { guestFragment, hostFragment, secretOf, seedOf, withFragment } from './harness/fragment.mjs';
import { Liar } from './harness/liar.mjs';
import { seenOf } from './harness/person.mjs';
import { Synthetic } from './harness/synthetic.mjs';
import { throughout, until } from './harness/wait.mjs';

/** Another guest, beside those of `call.mjs`; tones of sources are told apart by their rest modulo three. */
const SECOND_CLIENT = 3;

/** How long it is watched that nothing comes: many times what an honest one takes. */
const WATCH_MS = 3000;

/** SK-1.md, section 1: what is hidden is noticed within 15 s; and a page says so. */
const NOTICED_MS = 20_000;

/** SK-1.md, section 1: within 30 s guests stop sending. */
const HELD_MS = 40_000;

/** SK-1.md, section 6: the second byte of a message is its type. */
const TYPES = { hello: 1, statement: 5, key: 6, beat: 7, bye: 8 };

/** Pictures that had come when the watch began. */
const IN_FLIGHT = 2;

/** Longer than what lies in a jitter buffer. */
const STILL_MS = 1500;

const UNSURE = 'It is not sure that everybody sees the same people';

const call = new Call();
after(() => call.close());

inCall('it adds a participant with all rights that a server can give: who opens nothing, is not seen, and is told of', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'firefox']);
  // a host by the server's word: its media goes to everybody, and everybody's to it; but not of the clinic
  const foreign = withFragment(call.demo.therapist, hostFragment(randomBytes(16), randomBytes(32)));
  const ghost = Synthetic.join(call.demo, foreign, { prefix: 'Ghost' });
  call.later(() => ghost.leave());
  const got = ({ type, report }) => type === 'counts' && Object.values(report.senders).filter(({ early }) => early > 50).length === 2;
  const { report } = await ghost.says('sealed frames of both reach it', got);
  for (const { sound, picture, early } of Object.values(report.senders)) assert.deepEqual([sound, picture, early > 0], [0, 0, true]);
  await Promise.all([therapist, client].map((person) => person.reads('Somebody of another clinic is at this session')));
  for (const person of [therapist, client]) await strangersUnseen(person);
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
});

inCall('it adds a participant who knocks: the therapist sees somebody unknown wait, whatever the server says', call, async () => {
  const admitted = (member) => ({ ...member, admitted: true });
  const says = (body) => [body.type === 'member' ? { ...body, member: admitted(body.member) } : body];
  const { therapist, client } = await behind({ says });
  const unknown = withFragment(call.demo.client, guestFragment(randomBytes(16), seedOf(call.demo.therapist)));
  const ghost = Synthetic.join(call.demo, unknown, { prefix: 'Ghost' });
  call.later(() => ghost.leave());
  await Promise.all([therapist.reads('1 person is waiting'), therapist.reads('Came by a link that this device does not know')]);
  await strangersUnseen(therapist);
  await strangersUnseen(client);
  const last = ghost.reports().at(-1);
  assert.ok(Object.values(last?.senders ?? {}).every(({ sound, picture }) => sound + picture === 0), JSON.stringify(last));
});

inCall('it swaps two speakers: each picture keeps the name of who sealed it', call, async () => {
  const slots = new Map();
  const says = (body, { name }) => {
    if (name === 'Dana' && body.type === 'slot') slots.set(body.slot.mid, body.slot);
    return [body];
  };
  const { therapist, client, liar, second } = await three({ says });
  const [host, one, other] = await Promise.all(['Dana', 'Omar', 'Noor'].map((name) => liar.client(name)));
  const swapped = new Map([[one.you, other.you], [other.you, one.you]]);
  const held = [...slots.values()].filter(({ track }) => swapped.has(track?.participant));
  assert.equal(held.length, 4, 'sound and picture of both');
  for (const { mid, track } of held) host.tell({ type: 'slot', slot: { mid, track: { ...track, participant: swapped.get(track.participant) } } });
  const isRight = (seen) => [undefined, 'Omar'].includes(nameOf(seen, CLIENT)) && [undefined, 'Noor'].includes(nameOf(seen, SECOND_CLIENT));
  await therapist.forget();
  await throughout('no picture has another name', WATCH_MS, () => therapist.snapshot(), isRight);
  // what does not fit is not shown; when the server says the truth again, it is
  for (const slot of held) host.tell({ type: 'slot', slot });
  await until('both pictures stand under their names', () => therapist.snapshot(), (seen) => nameOf(seen, CLIENT) === 'Omar' && nameOf(seen, SECOND_CLIENT) === 'Noor');
  await Promise.all([perceives(second, CLIENT, { sound: false }), perceives(client, SECOND_CLIENT, { sound: false })]);
});

inCall('it plays an old hello again: nobody waits, for nobody answers', call, async () => {
  const hellos = [];
  const hears = (body, { name }) => {
    if (name === 'Omar' && typeOf(body) === TYPES.hello) hellos.push(body.message);
    return [body];
  };
  // what is new comes to the therapist by the same way as what is old: put in, and not passed on
  const says = (body, to) => {
    const isFresh = to.name === 'Dana' && typeOf(body) === TYPES.hello;
    if (isFresh) to.tell(body);
    return isFresh ? [] : [body];
  };
  const { therapist, client, liar } = await behind({ hears, says });
  await client.press('Leave');
  await therapist.reads('Nobody else is here yet');
  const host = await liar.client('Dana');
  const ghost = { participant: 77, name: 'Omar', standing: 'guest', sender: 99, admitted: false, media: { microphone: true, camera: true, screen: false }, speaking: false, hand: false, line: 'good', connection: 'live' };
  host.tell({ type: 'member', member: ghost });
  assert.ok(hellos.length > 0, 'it has one');
  for (const message of hellos) host.tell({ type: 'keys', from: 77, message });
  await throughout('nobody waits', WATCH_MS, () => therapist.text(), (text) => !/(is|are) waiting/.test(text));
  // and a new one is seen to wait
  await call.enter('firefox', liar.carry(call.demo.client), { name: 'Noor', id: SECOND_CLIENT, waits: true });
  await therapist.reads('1 person is waiting');
});

inCall('it hides that somebody left: the others are warned', call, async () => {
  let gone;
  const isOf = (body) => gone !== undefined && (body.participant === gone || body.member?.participant === gone || body.from === gone);
  const { therapist, liar, second } = await three({ says: (body) => (isOf(body) ? [] : [body]) });
  gone = (await liar.client('Noor')).you;
  await call.leave(second);
  await therapist.reads(UNSURE, NOTICED_MS);
  await therapist.reads('Noor has not confirmed it', NOTICED_MS);
});

inCall('it hides from a guest that somebody was sent away: the guest is warned, and then not seen or heard', call, async () => {
  let hides = false;
  const says = (body, { name }) => (hides && name === 'Omar' && typeOf(body) !== undefined ? [] : [body]);
  const { therapist, client } = await three({ says });
  await therapist.press('People');
  hides = true;
  await therapist.press('Send Noor back to the waiting room');
  await client.reads(UNSURE, NOTICED_MS);
  await client.reads('You are not seen or heard at the moment', HELD_MS);
  await until('the picture stands still', () => therapist.snapshot(), (seen) => stillFor(seen, CLIENT) > STILL_MS);
  await therapist.forget();
  await throughout('nothing of the guest is seen', WATCH_MS, () => therapist.snapshot(), (seen) => seenOf(seen, CLIENT).read === 0);
});

inCall('it injects clear frames that look sealed: nothing is shown, and the tile says so', call, async () => {
  const [therapist, client] = await call.pair(['chromium', 'firefox']);
  const honest = Synthetic.join(call.demo, call.demo.client, { prefix: 'Honest' });
  call.later(() => honest.leave());
  await call.admitSynthetic('Honest 1');
  const forger = Synthetic.join(call.demo, call.demo.client, { prefix: 'Forger', flags: ['--forge'] });
  call.later(() => forger.leave());
  await call.admitSynthetic('Forger 1');
  for (const person of [therapist, client]) {
    await until('the honest one is seen', () => person.snapshot(), (seen) => renderedOf(seen, 'Honest 1') > 5);
    await person.reads('What Forger 1 sends can’t be opened');
    assert.equal(renderedOf(await person.snapshot(), 'Forger 1'), 0);
  }
});

inCall('it rolls a key back: the old one is not taken, people are told, and the call goes on', call, async () => {
  const keys = [];
  const says = (body, { name }) => {
    if (name === 'Dana' && typeOf(body) === TYPES.key) keys.push(body);
    return [body];
  };
  const { therapist, client, liar, second } = await three({ says });
  const omar = (await liar.client('Omar')).you;
  const old = keys.filter(({ from }) => from === omar);
  assert.ok(old.length > 0, 'it has one');
  await call.leave(second);
  await until('a new key came', async () => keys.filter(({ from }) => from === omar).length, (count) => count > old.length);
  const host = await liar.client('Dana');
  for (const { from, message } of old) host.tell({ type: 'keys', from, message });
  await therapist.reads('A key of Omar does not fit');
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
});

/** The two of a session, by way of a server that lies. */
async function behind(lies) {
  const liar = await Liar.before(call.demo, lies);
  call.later(() => liar.close());
  const therapist = await call.enter('chromium', liar.carry(call.demo.therapist), { name: 'Dana', id: THERAPIST });
  const client = await call.enter('chromium', liar.carry(call.demo.client), { name: 'Omar', id: CLIENT });
  await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  return { liar, therapist, client };
}

/** And one more. */
async function three(lies) {
  const pair = await behind(lies);
  const second = await call.enter('firefox', pair.liar.carry(call.demo.client), { name: 'Noor', id: SECOND_CLIENT });
  await perceives(pair.therapist, SECOND_CLIENT, { sound: false });
  return { ...pair, second };
}

function typeOf({ type, message }) {
  return type === 'keys' ? Buffer.from(message, 'base64url')[1] : undefined;
}

/** The name on the tile that shows a source. */
function nameOf({ videos }, source) {
  return videos.filter(({ shown }) => shown).find(({ bySource }) => bySource[source]?.read > 0)?.name;
}

/** For how long no picture of a source was drawn, in ms, whether or not anything is shown in its place. */
function stillFor({ videos, now }, source) {
  return Math.min(...videos.map(({ bySource }) => now - (bySource[source]?.lastAt ?? -Infinity)));
}

/** How many pictures stand under a name, whatever they show. */
function renderedOf({ videos }, name) {
  return videos.filter((video) => video.name === name).reduce((sum, { rendered }) => sum + rendered, 0);
}

/** For a while no picture is drawn but of the two of the session, and of oneself. */
async function strangersUnseen(person) {
  await person.forget();
  await throughout('nothing of a stranger is drawn', WATCH_MS, () => person.snapshot(), ({ videos }) => {
    const isKnown = ({ bySource, rendered }) => rendered <= IN_FLIGHT || Object.keys(bySource).some((source) => [THERAPIST, CLIENT].includes(Number(source)));
    return videos.every(isKnown);
  });
}

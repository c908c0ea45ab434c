// Who may not has nothing: not one packet.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { assertPlays, packetsReceived } from './harness/content.mjs';
import { withWrongFingerprint } from './harness/sdp.mjs';
import { behaviour, Stage } from './harness/stage.mjs';
import { throughout, until } from './harness/wait.mjs';

/** How long a refused page is watched: many times what a join takes, and longer than /metrics may lag behind. */
const WATCH_MS = 3000;

/** A browser that gets no alert gives up when its checks find nobody; Firefox takes longest. */
const FAILURE_MS = 45_000;

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

const REFUSALS = [
  { who: 'without a token', status: 401, token: async () => undefined },
  { who: 'with a token for another room', status: 403, token: (grant) => stage.server.token('elsewhere', 'guest', grant) },
  {
    who: 'with a token past its end',
    status: 401,
    token: async (grant, room) => stage.server.expired(await stage.server.token(room, 'guest', grant)),
  },
  {
    who: 'with a token for the other direction',
    status: 403,
    token: (grant, room) => stage.server.token(room, 'guest', grant === 'publish' ? 'subscribe' : 'publish'),
  },
];

for (const { who, status, token } of REFUSALS) {
  behaviour(`a player ${who} is refused and gets no packet`, () => stage, async () => {
    const room = stage.room();
    const publisher = await stage.publisher('chromium', { room });
    await mediaFlows('inbound');
    const before = await settled('outbound');
    const player = await stage.peer('chromium');
    await refused(player.call('play', { url: stage.server.whep(room), token: await token('subscribe', room) }), status);
    await assertNothing(player, 'outbound', before);
    assert.equal((await publisher.call('snapshot')).connection, 'connected', 'the room is unharmed');
  });

  behaviour(`a publisher ${who} is refused and sends no packet`, () => stage, async () => {
    const room = stage.room();
    const before = await settled('inbound');
    const publisher = await stage.peer('chromium');
    await refused(publisher.call('publish', { url: stage.server.whip(room), token: await token('publish', room) }), status);
    await assertNothing(publisher, 'inbound', before);
  });
}

for (const browser of ['chromium', 'firefox']) {
  behaviour(`a player in ${browser} whose certificate is not the one it named fails and gets no packet`, () => stage, async () => {
    const room = stage.room();
    await stage.publisher('chromium', { room });
    await mediaFlows('inbound');
    const before = await settled('outbound');
    const { base } = await stage.gateway({ editOffer: withWrongFingerprint });
    const player = await stage.player(browser, { room, base });
    await failed(player);
    await assertNothing(player, 'outbound', before);
  });

  behaviour(`${browser} names AEAD_AES_128_GCM at both ends`, () => stage, async () => {
    const room = stage.room();
    const publisher = await stage.publisher(browser, { room });
    const player = await stage.player('chromium', { room });
    await assertPlays(player);
    for (const peer of [publisher, player]) assert.match(await cipherOf(peer), /AEAD_AES_128_GCM$/);
  });
}

behaviour('a publisher whose certificate is not the one it named fails and nobody sees it', () => stage, async () => {
  const room = stage.room();
  const before = await settled('inbound');
  const { base } = await stage.gateway({ editOffer: withWrongFingerprint });
  const publisher = await stage.peer('chromium');
  const token = await stage.server.token(room, 'publisher', 'publish');
  await publisher.call('publish', { url: stage.server.whip(room, base), token });
  const player = await stage.player('chromium', { room });
  await failed(publisher);
  await assertNothing(player, 'inbound', before);
});

/** The zero of a counter says something only if the counter can count. */
async function mediaFlows(direction) {
  const start = await stage.server.mediaPackets(direction);
  await until(`${direction} media`, () => stage.server.mediaPackets(direction), (packets) => packets > start);
}

/** The count once the pages of former tests have left and /metrics has caught up: it no longer changes. */
function settled(direction) {
  let last;
  const look = async () => {
    last = await stage.server.mediaPackets(direction);
    const seen = async () => (await stage.server.mediaPackets(direction)) === last;
    return throughout('the count stands', WATCH_MS, seen, Boolean).then(() => true, () => false);
  };
  return until(`no ${direction} media`, look).then(() => last);
}

async function refused(call, status) {
  await assert.rejects(call, (error) => {
    assert.match(error.message, new RegExp(`status ${status} application/problem\\+json`));
    return true;
  });
}

async function failed(peer) {
  await until('the connection fails', () => peer.call('snapshot'), ({ connection }) => connection === 'failed', FAILURE_MS);
  const { history } = await peer.call('snapshot');
  assert.ok(!history.includes('connected'), `never connected: ${history}`);
}

/** Nothing by the server's count, by the page's count, and before the page's eyes. */
function assertNothing(peer, direction, before) {
  const look = async () => ({
    counted: (await stage.server.mediaPackets(direction)) - before,
    received: await packetsReceived(peer),
    rendered: (await peer.call('snapshot')).frames?.rendered ?? 0,
  });
  return throughout('a packet came through', WATCH_MS, look, ({ counted, received, rendered }) => counted + received + rendered === 0);
}

async function cipherOf(peer) {
  const transport = (await peer.call('report')).find(({ type }) => type === 'transport');
  return transport.srtpCipher;
}

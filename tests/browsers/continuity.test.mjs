// What goes on through mute, a change of source or of publisher and an ICE restart, and what ends with a DELETE.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { assertPlays, codecOf, untilStill } from './harness/content.mjs';
import { behaviour, Stage } from './harness/stage.mjs';
import { throughout, until } from './harness/wait.mjs';

/** Who comes in the place of another: four rungs away, so that no tone of one is taken for the other's. */
const SUCCESSOR = 5;

/** Players and the codecs in which one publisher takes the place of another. */
const SUCCESSIONS = [
  ['chromium', ['VP8', 'VP9', 'AV1']],
  ['firefox', ['VP8', 'VP9']],
];

/** Long enough for a browser to notice that its connection is gone. */
const WATCH_MS = 1500;

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

behaviour('picture and sound come back after a mute', () => stage, async () => {
  const { publisher, player } = await call();
  for (const kind of ['audio', 'video']) await publisher.call('mute', kind, true);
  // black pictures may still come, and they are none that can be read
  await untilStill(player, ({ frames, tones }) => frames.read + tones.heard);
  for (const kind of ['audio', 'video']) await publisher.call('mute', kind, false);
  await assertPlays(player);
});

behaviour('a change of source goes on as the same track', () => stage, async () => {
  const { publisher, player } = await call();
  await publisher.call('switchSource', { id: 2, width: 320, height: 180 });
  const isNew = ({ frames }) => frames.last?.source === 2;
  await until('the new source', () => player.call('snapshot'), isNew);
  await assertPlays(player, { source: 2 });
});

for (const [browser, codecs] of SUCCESSIONS) {
  for (const codec of codecs) {
    behaviour(`a player in ${browser} sees the next publisher of ${codec} in place of who left`, () => stage, async () => {
      const { publisher, player } = await call('chromium', browser, { codec });
      await stage.publisher('chromium', { room: publisher.room, codec, source: { id: SUCCESSOR } });
      assert.equal(await publisher.call('unpublish'), 200);
      await until('the successor', () => player.call('snapshot'), isSuccessor);
      await assertPlays(player, { source: SUCCESSOR });
      assert.equal(await codecOf(player, 'inbound'), `video/${codec}`);
      await assertSameTracks(player);
    });
  }

  behaviour(`a player in ${browser} sees a publisher who comes when the former is long gone`, () => stage, async () => {
    const { publisher, player } = await call('chromium', browser);
    assert.equal(await publisher.call('unpublish'), 200);
    await untilStill(player);
    await stage.publisher('chromium', { room: publisher.room, source: { id: SUCCESSOR } });
    await until('the successor', () => player.call('snapshot'), isSuccessor);
    await assertPlays(player, { source: SUCCESSOR });
    await assertSameTracks(player);
  });

  behaviour(`a track muted by the room API is gone in ${browser} until it is let again`, () => stage, async () => {
    const { publisher, player } = await call('chromium', browser);
    await muteAll(publisher.room, true);
    await untilStill(player, ({ frames, tones }) => frames.rendered + tones.heard);
    await muteAll(publisher.room, false);
    await assertPlays(player);
    await assertSameTracks(player);
  });
}

for (const browser of ['chromium', 'firefox']) {
  behaviour(`a publisher in ${browser} restarts ICE and plays on`, () => stage, async () => {
    const { publisher, player } = await call(browser, 'chromium');
    await publisher.call('restartIce');
    await assertPlays(player);
    await assertStayed(publisher);
  });

  behaviour(`a player in ${browser} restarts ICE and plays on`, () => stage, async () => {
    const { player } = await call('chromium', browser);
    await player.call('restartIce');
    await assertPlays(player);
    await assertStayed(player);
  });
}

behaviour('a publisher who deletes its session is gone, and the player stays', () => stage, async () => {
  const { publisher, player } = await call();
  assert.equal(await publisher.call('unpublish'), 200);
  await untilStill(player);
  await throughout('the player is connected', WATCH_MS, () => player.call('snapshot'), isConnected);
  assert.equal(await publisher.call('unpublish'), 404, 'the session is no more');
});

behaviour('a player who deletes its session gets nothing more, and the publisher stays', () => stage, async () => {
  const { publisher, player } = await call();
  assert.equal(await player.call('unpublish'), 200);
  await untilStill(player);
  await throughout('the publisher is connected', WATCH_MS, () => publisher.call('snapshot'), isConnected);
  const other = await stage.player('chromium', { room: publisher.room });
  await assertPlays(other);
});

behaviour('trickled candidates are accepted', () => stage, async () => {
  const { publisher, player } = await call();
  for (const peer of [publisher, player]) {
    const { trickleStatuses } = await until('a PATCH', () => peer.call('snapshot'), (seen) => seen.trickleStatuses.length > 0);
    assert.deepEqual([...new Set(trickleStatuses)], [204]);
  }
});

async function call(from = 'chromium', to = 'chromium', { codec } = {}) {
  const room = stage.room();
  const publisher = await stage.publisher(from, { room, codec });
  const player = await stage.player(to, { room });
  await assertPlays(player);
  return { publisher: Object.assign(publisher, { room }), player };
}

async function muteAll(room, muted) {
  const { participants } = await stage.server.roomInfo(room);
  for (const { id } of participants.flatMap(({ tracks }) => tracks)) await stage.server.muteTrack(room, id, muted);
}

/** Nothing was negotiated again: the element shows the very tracks of the join. */
async function assertSameTracks(player) {
  const { tracks } = await player.call('snapshot');
  assert.equal(tracks, 2, 'one track of sound and one of picture, as at the join');
  await assertStayed(player);
}

async function assertStayed(peer) {
  const { history } = await peer.call('snapshot');
  assert.ok(!history.includes('failed') && !history.includes('closed'), `${history}`);
}

/** Its sound too: that trails the picture by what the browser has buffered of the former, 0.3 s in Firefox. */
function isSuccessor({ frames, tones }) {
  return frames.last?.source === SUCCESSOR && tones.source === SUCCESSOR;
}

function isConnected({ connection }) {
  return connection === 'connected';
}

// A join is quick, and a lost handshake datagram does not end it.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { assertPlays, firstPicture } from './harness/content.mjs';
import { loseClientHelloTails, loseFlightFour } from './harness/relay.mjs';
import { behaviour, Stage } from './harness/stage.mjs';
import { until } from './harness/wait.mjs';

/** From the click to the first picture that can be read. */
const JOIN_LIMIT_MS = 1000;

/** Three seconds of pictures: the publisher's first key frame is long past. */
const LATE_FRAMES = 90;

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

for (const browser of ['chromium', 'firefox']) {
  behaviour(`who joins late in ${browser} sees a picture within a second`, () => stage, async (t) => {
    const room = stage.room();
    const publisher = await stage.publisher('chromium', { room });
    await until('a late moment', () => publisher.call('snapshot'), ({ published }) => published >= LATE_FRAMES);
    const player = await stage.player(browser, { room });
    const { frames, startedAt, answeredAt } = await firstPicture(player);
    const sinceClick = Math.round(frames.firstAt - startedAt);
    const sinceAnswer = Math.round(frames.firstAt - answeredAt);
    t.diagnostic(`first picture ${sinceClick} ms after the click, ${sinceAnswer} ms after the answer`);
    assert.ok(sinceClick < JOIN_LIMIT_MS, `${sinceClick} ms after the click`);
    assert.ok(sinceAnswer < JOIN_LIMIT_MS, `${sinceAnswer} ms after the answer`);
  });

  behaviour(`a player in ${browser} joins although the server's flight 4 is lost once`, () => stage, async () => {
    const room = stage.room();
    await stage.publisher('chromium', { room });
    const { relay, base } = await stage.relay(loseFlightFour());
    const player = await stage.player(browser, { room, base });
    await assertPlays(player);
    assert.deepEqual(relay.dropped.map(({ direction }) => direction), ['toClient']);
    assert.deepEqual([...new Set(await player.call('selectedPort'))], [relay.port], 'media goes through the relay');
  });

  behaviour(`a publisher in ${browser} joins although the server's flight 4 is lost once`, () => stage, async () => {
    const room = stage.room();
    const { relay, base } = await stage.relay(loseFlightFour());
    await stage.publisher(browser, { room, base });
    const player = await stage.player('chromium', { room });
    await assertPlays(player);
    assert.deepEqual(relay.dropped.map(({ direction }) => direction), ['toClient']);
  });
}

behaviour('firefox joins although the tails of its first three ClientHellos are lost', () => stage, async () => {
  const room = stage.room();
  await stage.publisher('chromium', { room });
  const { relay, base } = await stage.relay(loseClientHelloTails(3));
  const player = await stage.player('firefox', { room, base });
  await assertPlays(player);
  assert.deepEqual(relay.dropped.map(({ direction }) => direction), ['toServer', 'toServer', 'toServer']);
});

behaviour('who joins an empty room sees the publisher who comes later', () => stage, async () => {
  const room = stage.room();
  const player = await stage.player('chromium', { room });
  await stage.publisher('chromium', { room, source: { id: 9 } });
  await assertPlays(player, { source: 9 });
});

behaviour('a client that gathers first and never trickles joins as well', () => stage, async () => {
  const room = stage.room();
  await stage.publisher('chromium', { room, trickle: false });
  const player = await stage.player('chromium', { room, trickle: false });
  await assertPlays(player);
});

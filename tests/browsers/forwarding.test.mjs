// What is published is what is played: across browsers, and in each codec as the publisher offers it.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { assertPlays, codecOf } from './harness/content.mjs';
import { behaviour, Stage } from './harness/stage.mjs';
import { until } from './harness/wait.mjs';

const PAIRS = [
  ['chromium', 'chromium', ['VP8', 'VP9', 'H264', 'AV1']],
  ['firefox', 'chromium', ['VP8', 'VP9']],
  ['chromium', 'firefox', ['VP8', 'VP9']],
];

/** What a 640 × 360 picture wants; browsers begin at 300 kbit/s and go up only if the feedback tells them so. */
const GOOD_BITRATE_BPS = 1_000_000;

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

for (const [from, to, codecs] of PAIRS) {
  for (const codec of codecs) {
    behaviour(`${codec} and Opus published by ${from} are seen and heard in ${to}`, () => stage, async () => {
      const room = stage.room();
      const publisher = await stage.publisher(from, { room, codec, source: { id: 7 } });
      const player = await stage.player(to, { room });
      await assertPlays(player, { source: 7 });
      for (const [peer, direction] of [[publisher, 'outbound'], [player, 'inbound']]) {
        assert.equal(await codecOf(peer, direction), `video/${codec}`);
        assert.equal(await codecOf(peer, direction, 'audio'), 'audio/opus');
      }
    });
  }
}

behaviour('a player of one room never sees the other room', () => stage, async () => {
  const [here, there] = [stage.room(), stage.room()];
  await stage.publisher('chromium', { room: there, source: { id: 66 } });
  await stage.publisher('chromium', { room: here, source: { id: 7 } });
  const player = await stage.player('chromium', { room: here });
  await assertPlays(player, { source: 7 });
});

behaviour('a publisher on a clear path finds room for a good picture', () => stage, async () => {
  const publisher = await stage.publisher('chromium', { room: stage.room() });
  await until('an estimate', () => estimateOf(publisher), (estimate) => estimate >= GOOD_BITRATE_BPS);
});

behaviour('sound alone is heard', () => stage, async () => {
  const room = stage.room();
  await stage.publisher('chromium', { room, kinds: ['audio'] });
  const player = await stage.player('chromium', { room, kinds: ['audio'] });
  await until('two steps of the tone', () => player.call('snapshot'), ({ tones }) => tones.distinct.length >= 2);
});

/** What the browser believes the path to the server carries. */
async function estimateOf(peer) {
  const pair = (await peer.call('report')).find(({ type, nominated }) => type === 'candidate-pair' && nominated);
  return pair?.availableOutgoingBitrate ?? 0;
}

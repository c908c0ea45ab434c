// What a page says on a data channel is heard by the others in its room.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { assertPlays } from './harness/content.mjs';
import { behaviour, Stage } from './harness/stage.mjs';
import { until } from './harness/wait.mjs';

const CHANNEL = 'chat';

/** More than one line of text, more than one byte to a letter, and nothing at all. */
const SAID = ['Guten Tag', 'zweite Zeile\nüber 🎈', ''];

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

for (const [from, to] of [['chromium', 'firefox'], ['firefox', 'chromium']]) {
  behaviour(`text that a publisher in ${from} sends arrives at a player in ${to}, beside the picture`, () => stage, async () => {
    const room = stage.room();
    const publisher = await stage.publisher(from, { room, channel: CHANNEL });
    const player = await stage.player(to, { room, channel: CHANNEL });
    await Promise.all([publisher, player].map(isOpen));
    for (const text of SAID) await publisher.call('say', text);
    const { heard } = await until('all of it', () => player.call('snapshot'), (seen) => seen.heard.length === SAID.length);
    assert.deepEqual(heard, SAID);
    assert.deepEqual((await publisher.call('snapshot')).heard, [], 'nobody hears an echo');
    await assertPlays(player);
  });
}

function isOpen(peer) {
  return until('the channel is open', () => peer.call('snapshot'), ({ channel }) => channel === 'open');
}

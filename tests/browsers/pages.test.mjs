// The pages themselves: two browsers without a server. If these fail, the other files say nothing of the server.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { assertPlays, codecOf } from './harness/content.mjs';
import { loseFlightFour, Relay } from './harness/relay.mjs';
import { candidates, withOnlyPort, withoutCandidates } from './harness/sdp.mjs';
import { behaviour, Stage } from './harness/stage.mjs';

let stage;
before(async () => (stage = await Stage.open({ withServer: false, plainAddresses: true })));
after(() => stage?.close());

for (const [from, to] of [['chromium', 'chromium'], ['firefox', 'chromium'], ['chromium', 'firefox']]) {
  behaviour(`a picture and a tone are known again from ${from} to ${to}`, () => stage, async () => {
    const { player } = await join(from, to);
    await assertPlays(player, { source: 7 });
  });
}

behaviour('a codec that is asked for is the one that is seen', () => stage, async () => {
  const { publisher, player } = await join('chromium', 'chromium', { codec: 'VP9' });
  await assertPlays(player, { source: 7 });
  assert.equal(await codecOf(publisher, 'outbound'), 'video/VP9');
  assert.equal(await codecOf(player, 'inbound'), 'video/VP9');
});

behaviour('a call goes through the relay and outlives the datagram it loses', () => stage, async () => {
  const [publisher, player] = [await stage.peer('chromium'), await stage.peer('chromium')];
  const answer = await player.call('answer', { sdp: withoutCandidates(await publisher.call('offer', { source: { id: 7 } })) });
  const relay = await Relay.open(loopbackOf(answer), eitherWay(loseFlightFour()));
  stage.later(() => relay.close());
  await publisher.call('applyAnswer', withOnlyPort(answer, relay.port));
  await assertPlays(player, { source: 7 });
  assert.equal(relay.dropped.length, 1);
  assert.ok(relay.passed > 100);
});

async function join(from, to, options = {}) {
  const publisher = await stage.peer(from);
  const player = await stage.peer(to);
  const offer = await publisher.call('offer', { source: { id: 7 }, ...options });
  await publisher.call('applyAnswer', await player.call('answer', { sdp: offer }));
  return { publisher, player };
}

function loopbackOf(sdp) {
  const { address, port } = candidates(sdp).find(({ protocol, address: ip }) => protocol === 'udp' && ip.includes('.'));
  return { address, port };
}

/** Between two pages either may be the DTLS server. */
function eitherWay(rule) {
  return (datagram) => rule(datagram, 'toClient');
}

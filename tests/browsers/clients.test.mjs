// Standard clients that others wrote.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { assertPlays, untilStill } from './harness/content.mjs';
import { LIBRARY } from './harness/pages.mjs';
import { behaviour, Stage } from './harness/stage.mjs';
import { until } from './harness/wait.mjs';
import { startWhipClient } from './harness/whip-client.mjs';

const TONE_HZ = 880;
const AUDIO = `audiotestsrc is-live=true wave=sine freq=${TONE_HZ} ! audioconvert ! audioresample ! queue
  ! opusenc ! rtpopuspay pt=100 ssrc=1 ! queue ! application/x-rtp,media=audio,encoding-name=OPUS,payload=100`;

const VIDEO = `videotestsrc is-live=true pattern=smpte ! video/x-raw,width=640,height=360,framerate=30/1 ! videoconvert
  ! queue ! vp8enc deadline=1 keyframe-max-dist=300 ! rtpvp8pay pt=96 ssrc=2 picture-id-mode=15-bit ! queue
  ! application/x-rtp,media=video,encoding-name=VP8,payload=96`;

/** SMPTE bars from the left, as which of red, green and blue are lit. */
const BARS = ['rgb', 'rg', 'gb', 'g', 'rb', 'r', 'b'];

/** Between a dark channel (16 of 255 and noise) and one at 75 %. */
const LIT = 100;

let stage;
// the ICE library of GStreamer never uses the loopback interface
before(async () => (stage = await Stage.open({ beyondLoopback: true })));
after(() => stage?.close());

behaviour("Debian's simple-whip-client publishes colour bars and a tone that a bare page plays", () => stage, async () => {
  const room = stage.room();
  const token = await stage.server.token(room, 'gstreamer', 'publish');
  const client = await startWhipClient({ url: stage.server.whip(room), token, audio: AUDIO, video: VIDEO });
  stage.later(() => client.end());
  const player = await stage.player('chromium', { room });
  try {
    await until('the bars', () => barsOf(player), (bars) => bars.join() === BARS.join());
    await until('the tone', () => player.call('snapshot'), ({ tones }) => Math.abs(tones.last - TONE_HZ) < 30);
    const { frames } = await player.call('snapshot');
    await until('moving pictures', () => player.call('snapshot'), (now) => now.frames.rendered > frames.rendered + 30);
  } catch (error) {
    throw new Error(`${error.message}\n--- whip-client\n${client.log()}`);
  }
  await client.end(); // its last act is a DELETE of its session
  await untilStill(player);
});

behaviour('the whip-whep library publishes and plays in chromium', () => stage, async () => {
  const room = stage.room();
  const publisher = await stage.peer('chromium');
  const publish = await stage.server.token(room, 'publisher', 'publish');
  await publisher.call('publishWith', LIBRARY.whip, { url: stage.server.whip(room), token: publish, source: { id: 5 } });
  const player = await stage.peer('chromium');
  const subscribe = await stage.server.token(room, 'player', 'subscribe');
  await player.call('playWith', LIBRARY.whep, { url: stage.server.whep(room), token: subscribe });
  await assertPlays(player, { source: 5 });
  // its player forgets the ETag, so that its trickle is refused (RFC 9725 §4.3.1) and it plays without
  assert.deepEqual(publisher.faults, [], 'no request of the publisher was refused');
});

/** Which colours are lit in the middle of each bar. */
async function barsOf(player) {
  const points = BARS.map((_, index) => [(index + 0.5) / BARS.length, 0.3]);
  const colours = await player.call('colours', points);
  return colours.map((rgb) => ['r', 'g', 'b'].filter((_, channel) => rgb[channel] > LIT).join(''));
}

// A page that publishes or plays through the sealing of the client library, driven through `window.peer`.
//
// Owns: one connection, its sealer, and the ways in which a test spoils it. Never does: assert anything.

import { Sealer, senderKid } from '../../../web/client/src/sealing/index.ts';
import { Observer } from './observer.js';
import { Recorder } from './sealing-recorder.js';
import { checkVectors } from './sealing-vectors.js';
import { Source } from './source.js';
import { HttpSession } from './whip.js';

const state = { connection: null, sealer: null, source: null, observer: null, recorder: null };
Object.assign(state, { workers: [], opened: [], rejected: [], faults: [], firstPacketAt: null, withoutWorker: false });

/** So that a test can kill a worker, as a browser short of memory does, or keep it from loading. */
window.Worker = class extends Worker {
  constructor(url, options) {
    super(state.withoutWorker ? new URL('missing.js', location) : url, options);
    state.workers.push(this);
  }
};

window.peer = {
  checkVectors,
  delayTransforms,
  publish,
  publishClear,
  play,
  record,
  frames: () => state.recorder.frames(),
  setSendKey: async (key) => state.sealer.setSendKey(await senderKey(key)),
  setReceiveKey: async (key) => state.sealer.setReceiveKey(await senderKey(key)),
  attach,
  pushThrough,
  requestKeyFrames: () => state.sealer.requestKeyFrames(),
  counts: () => state.sealer.counts(),
  hideWorker: () => (state.withoutWorker = true),
  killWorkers: () => state.workers.forEach((worker) => worker.terminate()),
  forget: () => state.observer.forget(),
  snapshot,
  report,
  stop,
};

/** Publishes a counting canvas and a stepping tone, sealed. Without a key all frames are dropped. */
async function publish({ url, token, codec, source, key, firstCounter, silent }) {
  connect({ firstCounter });
  const [audio, video] = ['audio', 'video'].map((kind) => state.sealer.addSender(kind));
  if (codec) video.setCodecPreferences(preferring(codec));
  state.source = new Source(source);
  if (key) state.sealer.setSendKey(await senderKey(key));
  await attach([audio, video]);
  if (silent) discontinue(audio);
  await new HttpSession(state.connection, { url, token }).start();
}

/** Publishes in clear, as a client does that knows nothing of sealing. */
async function publishClear({ url, token }) {
  state.connection = new RTCPeerConnection();
  ['audio', 'video'].forEach((kind) => state.connection.addTransceiver(kind, { direction: 'sendonly' }));
  await attach();
  await new HttpSession(state.connection, { url, token }).start();
}

/** Plays what a room has and this key opens. */
async function play({ url, token, keys = [] }) {
  connect();
  state.observer = new Observer();
  for (const kind of ['audio', 'video']) state.observer.addTrack(state.sealer.addReceiver(kind).receiver.track);
  for (const key of keys) state.sealer.setReceiveKey(await senderKey(key));
  await new HttpSession(state.connection, { url, token }).start();
}

/** Receives what a room has and keeps the frames as they come. */
async function record({ url, token }) {
  state.connection = new RTCPeerConnection();
  state.recorder = new Recorder(state.connection);
  await new HttpSession(state.connection, { url, token }).start();
}

/** Lets each sender's transform be set one task late; `lying` reads back as if it had been set at once. */
function delayTransforms({ lying }) {
  const native = Object.getOwnPropertyDescriptor(RTCRtpSender.prototype, 'transform');
  const wanted = new WeakMap();
  Object.defineProperty(RTCRtpSender.prototype, 'transform', {
    ...native,
    get() {
      return lying ? (wanted.get(this) ?? null) : native.get.call(this);
    },
    set(transform) {
      wanted.set(this, transform);
      setTimeout(() => native.set.call(this, transform), 0);
    },
  });
}

/** What a page does that goes on after a refusal: it attaches its tracks to whatever there is, and offers. */
async function pushThrough({ url, token }) {
  await attach(state.connection.getTransceivers()).catch(() => undefined);
  await new HttpSession(state.connection, { url, token }).start();
}

/** Silence that an encoder may leave out: the worst case, as this product's descriptions say `usedtx=0`. */
function discontinue({ sender }) {
  sender.track.enabled = false;
  const { connection } = state;
  connection.setRemoteDescription = ({ type, sdp }) =>
    RTCPeerConnection.prototype.setRemoteDescription.call(connection, {
      type,
      sdp: sdp.replace(/^(a=fmtp:\d+ .*)useinbandfec=1/m, '$1useinbandfec=1;usedtx=1'),
    });
}

function attach(transceivers = state.connection.getTransceivers()) {
  state.source ??= new Source();
  return Promise.all(
    transceivers.map(({ sender, receiver }) => sender.replaceTrack(state.source[receiver.track.kind])),
  );
}

function snapshot() {
  const { connection, observer, opened, rejected, faults, firstPacketAt } = state;
  return {
    connection: connection?.connectionState,
    attached: connection?.getSenders().filter(({ track }) => track).length,
    opened,
    rejected,
    faults,
    firstPacketAt,
    ...observer?.snapshot(),
  };
}

async function report() {
  return [...(await state.connection.getStats()).values()].map((entry) => ({ ...entry }));
}

async function stop() {
  state.connection?.close();
  state.sealer?.close();
  await state.source?.stop();
  await state.observer?.stop();
}

function connect({ firstCounter = 0 } = {}) {
  state.connection = new RTCPeerConnection();
  state.sealer = new Sealer(state.connection, { firstCounter });
  const at = () => performance.now();
  state.sealer.onopened = ({ transceiver, sender }) => state.opened.push({ mid: transceiver.mid, sender, at: at() });
  state.sealer.onrejected = ({ transceiver, ...event }) => state.rejected.push({ mid: transceiver.mid, ...event, at: at() });
  state.sealer.onfault = (event) => state.faults.push({ ...event, at: at() });
  watchFirstPacket();
}

/** When the first packet was seen to leave, by the browser's own count: the watchdog is measured from there. */
function watchFirstPacket() {
  const look = async () => {
    if (state.connection.connectionState === 'closed') return;
    const sent = (await report()).filter(({ type }) => type === 'outbound-rtp');
    if (sent.some(({ packetsSent }) => packetsSent > 0)) state.firstPacketAt = performance.now();
    else setTimeout(look, 10);
  };
  look();
}

function senderKey({ baseKey, sender }) {
  return { kid: senderKid(sender), baseKey: bytes(baseKey) };
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
}

function preferring(codec) {
  const { codecs } = RTCRtpReceiver.getCapabilities('video');
  const chosen = codecs.filter(({ mimeType }) => [`video/${codec}`, 'video/rtx'].includes(mimeType));
  if (!chosen.some(({ mimeType }) => mimeType === `video/${codec}`)) throw new Error(`this browser has no ${codec}`);
  return chosen;
}

// A page that publishes or plays, driven from outside through `window.peer`.
//
// Owns: one connection and what hangs on it. Never does: assert anything; the test does.

import { Observer } from './observer.js';
import { Source } from './source.js';
import { HttpSession } from './whip.js';

const state = { connection: null, session: null, source: null, observer: null, channel: null };
Object.assign(state, { history: [], heard: [], startedAt: 0 });

window.peer = {
  publish,
  play,
  answer,
  applyAnswer: (sdp) => state.connection.setRemoteDescription({ type: 'answer', sdp }),
  offer,
  publishWith,
  playWith,
  snapshot,
  forget: () => state.observer.forget(),
  delays: () => state.observer.delays,
  colours: (points) => state.observer.colours(points),
  say: (text) => state.channel.send(text),
  mute: (kind, muted) => (senderOf(kind).track.enabled = !muted),
  switchSource,
  restartIce: () => state.session.restartIce(),
  unpublish: () => state.session.stop(),
  selectedPort,
  report,
  stop,
};

/** Publishes a counting canvas and a stepping tone through a WHIP endpoint. */
async function publish({ url, token, codec, source, trickle, channel, kinds = ['audio', 'video'] }) {
  state.source = new Source(source);
  connect();
  if (channel) openChannel(channel);
  addSources(kinds, codec);
  await offerOverHttp({ url, token, trickle });
}

/** Plays what a WHEP endpoint has, with nothing but two receiving transceivers; or receives it and looks away. */
async function play({ url, token, trickle, channel, watch = true, kinds = ['audio', 'video'] }) {
  state.startedAt = performance.now();
  connect();
  if (channel) openChannel(channel);
  if (watch) observe();
  kinds.forEach((kind) => state.connection.addTransceiver(kind, { direction: 'recvonly' }));
  await offerOverHttp({ url, token, trickle });
}

/** Publishes through a client library that others wrote, given by its module's address. */
async function publishWith(module, { url, token, source }) {
  const { WHIPClient } = await import(module);
  state.source = new Source(source);
  connect();
  addSources(['audio', 'video']);
  state.library = new WHIPClient();
  await state.library.publish(state.connection, url, token);
}

/** Plays through a client library that others wrote. */
async function playWith(module, { url, token }) {
  const { WHEPClient } = await import(module);
  connect();
  observe();
  ['audio', 'video'].forEach((kind) => state.connection.addTransceiver(kind, { direction: 'recvonly' }));
  state.library = new WHEPClient();
  await state.library.view(state.connection, url, token);
}

/** Without a server: answers an offer with the tracks of a new source, or with eyes and ears. */
async function answer({ sdp, source }) {
  connect();
  if (source) state.source = new Source(source);
  else observe();
  await state.connection.setRemoteDescription({ type: 'offer', sdp });
  if (source) sendOnOffered(state.source.tracks());
  await state.connection.setLocalDescription();
  return gatheredDescription();
}

/** Without a server: an offer that carries all its candidates. */
async function offer({ source, codec }) {
  connect();
  state.source = new Source(source);
  addSources(['audio', 'video'], codec);
  await state.connection.setLocalDescription();
  return gatheredDescription();
}

/** Puts another picture on the same sender, as a change of camera does; sound goes on. */
async function switchSource(source) {
  const former = state.source;
  state.source = new Source(source);
  await senderOf('video').replaceTrack(state.source.video);
  await senderOf('audio').replaceTrack(state.source.audio);
  await former.stop();
}

/** All that a test may want to know, as plain values. */
function snapshot() {
  const { connection, session, observer, channel, history, heard, startedAt } = state;
  return {
    connection: connection?.connectionState,
    history,
    startedAt,
    answeredAt: session?.answeredAt,
    trickleStatuses: session?.statuses,
    published: state.source?.counter,
    channel: channel?.readyState,
    heard,
    ...observer?.snapshot(),
  };
}

/** getStats as an array of plain objects. */
async function report() {
  return [...(await state.connection.getStats()).values()].map((entry) => ({ ...entry }));
}

/** The remote port of the pair in use: which server socket, or which relay, the media goes through. */
async function selectedPort() {
  const entries = await report();
  const pairs = entries.filter(({ type, state: s, nominated }) => type === 'candidate-pair' && s === 'succeeded' && nominated);
  return pairs.map(({ remoteCandidateId }) => entries.find(({ id }) => id === remoteCandidateId)?.port);
}

async function stop() {
  state.connection?.close();
  await state.source?.stop();
  await state.observer?.stop();
}

function connect() {
  state.connection = new RTCPeerConnection();
  state.connection.addEventListener('connectionstatechange', () => {
    state.history.push(state.connection.connectionState);
  });
}

/** Opened before the offer, so that the offer has a section for it. */
function openChannel(label) {
  state.channel = state.connection.createDataChannel(label);
  state.channel.addEventListener('message', ({ data }) => state.heard.push(data));
}

function observe() {
  state.observer = new Observer();
  state.connection.addEventListener('track', ({ track }) => state.observer.addTrack(track));
}

function addSources(kinds, codec) {
  const { connection, source } = state;
  for (const track of source.tracks().filter(({ kind }) => kinds.includes(kind))) {
    const transceiver = connection.addTransceiver(track, { direction: 'sendonly' });
    if (track.kind === 'video' && codec) transceiver.setCodecPreferences(preferring(codec));
  }
}

function sendOnOffered(tracks) {
  for (const transceiver of state.connection.getTransceivers()) {
    const track = tracks.find(({ kind }) => kind === transceiver.receiver.track.kind);
    transceiver.sender.replaceTrack(track);
    transceiver.direction = 'sendonly';
  }
}

async function offerOverHttp(options) {
  state.session = new HttpSession(state.connection, options);
  await state.session.start();
}

/** The one codec, with the retransmission formats that go with any. */
function preferring(codec) {
  const { codecs } = RTCRtpReceiver.getCapabilities('video');
  const chosen = codecs.filter(({ mimeType }) => [`video/${codec}`, 'video/rtx'].includes(mimeType));
  if (!chosen.some(({ mimeType }) => mimeType === `video/${codec}`)) throw new Error(`this browser has no ${codec}`);
  return chosen;
}

function senderOf(kind) {
  return state.connection.getSenders().find(({ track }) => track?.kind === kind);
}

function gatheredDescription() {
  const { connection } = state;
  return new Promise((resolve) => {
    const check = () => connection.iceGatheringState === 'complete' && resolve(connection.localDescription.sdp);
    connection.addEventListener('icegatheringstatechange', check);
    check();
  });
}

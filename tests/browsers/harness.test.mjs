// The harness itself: what its parts read, edit and lose, without a browser.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';

import { fragments } from './harness/dtls.mjs';
import { loseClientHelloTails, loseFlightFour, Relay } from './harness/relay.mjs';
import { candidates, withOnlyPort, withWrongFingerprint } from './harness/sdp.mjs';
import { until } from './harness/wait.mjs';
import { fromBits, toBits } from './pages/marker.js';
import { frequencyAt, isExpected, isVoiceOf } from './pages/tone.js';

test('a frame survives its own bits, and no single wrong bit passes', () => {
  for (const frame of [{ source: 0, counter: 0, time: 0 }, { source: 255, counter: 2 ** 24 - 1, time: 2 ** 20 - 1 }]) {
    const bits = toBits(frame);
    assert.deepEqual(fromBits(bits), frame);
    bits.forEach((bit, index) => {
      assert.equal(fromBits(bits.with(index, 1 - bit)), null, `bit ${index}`);
    });
  }
  assert.equal(fromBits(Array(64).fill(0)), null, 'a black picture');
  assert.equal(fromBits(Array(64).fill(1)), null, 'a white picture');
});

test('a tone belongs to one source at one moment', () => {
  assert.ok(isExpected(frequencyAt(3, 5500) + 20, 3, 5500, 400));
  assert.ok(isExpected(frequencyAt(3, 5999), 3, 6100, 400), 'just after a step');
  assert.ok(!isExpected(frequencyAt(4, 5500), 3, 5500, 400), 'of another source');
  assert.ok(!isExpected(frequencyAt(3, 5500), 3, 7500, 400), 'two seconds late');
  for (const [one, other] of [[1, 2], [2, 3], [3, 1]]) {
    assert.ok(isVoiceOf(frequencyAt(one, 5500) + 12, one), `${one} at any time`);
    assert.ok(!isVoiceOf(frequencyAt(one, 5500) + 12, other), `${one} is not ${other}`);
  }
});

test('edits of a description touch what they name and nothing else', () => {
  const sdp = [
    'v=0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=fingerprint:sha-256 0A:BB',
    'a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host',
    'a=candidate:2 1 udp 2130706430 2001:db8::1 7882 typ host',
    'a=candidate:3 1 tcp 1671430143 192.0.2.1 7882 typ host tcptype passive',
    'a=mid:0',
    '',
  ].join('\r\n');
  assert.deepEqual(candidates(withOnlyPort(sdp, 5000)), [{ protocol: 'udp', address: '127.0.0.1', port: 5000 }]);
  assert.equal(withOnlyPort(sdp, 5000).split('\r\n').length, 6);
  assert.equal(withWrongFingerprint(sdp), sdp.replace('0A:BB', 'F5:BB'));
});

test('handshake fragments are read, and a cut datagram reads as what is whole', () => {
  const hello = handshake({ type: 1, total: 1500, offset: 0, length: 100 });
  const tail = handshake({ type: 1, total: 1500, offset: 100, length: 50 });
  assert.deepEqual(
    fragments(Buffer.concat([hello, tail])).map(({ type, offset, length }) => [type, offset, length]),
    [[1, 0, 100], [1, 100, 50]],
  );
  assert.deepEqual(fragments(hello.subarray(0, 40)), []);
  assert.deepEqual(fragments(Buffer.from([0x80, 0x60, 0, 1])), []);
});

test('the relay loses exactly what its rule names, and each client has an own socket behind it', async (t) => {
  const sources = new Set();
  const server = createSocket('udp4');
  t.after(() => server.close());
  server.on('message', (datagram, from) => {
    sources.add(from.port);
    server.send(datagram, from.port, from.address);
  });
  await bound(server);
  const flightFour = loseFlightFour();
  const tails = loseClientHelloTails(1);
  const relay = await Relay.open(server.address(), (...packet) => flightFour(...packet) || tails(...packet));
  t.after(() => relay.close());
  const [one, other] = [await client(t, relay.port), await client(t, relay.port)];

  const serverHello = handshake({ type: 2, total: 70, offset: 0, length: 70 });
  const tail = handshake({ type: 1, total: 300, offset: 200, length: 100 });
  for (const datagram of [serverHello, serverHello, tail, tail]) one.socket.send(datagram);
  other.socket.send(Buffer.from('media'));
  await until('the echoes', () => [one.received.length, other.received.length], ([a, b]) => a === 2 && b === 1);

  assert.deepEqual(relay.dropped.map(({ direction, messages }) => [direction, messages]).sort(), [
    ['toClient', [2]],
    ['toServer', [1]],
  ]);
  assert.equal(sources.size, 2);
});

function handshake({ type, total, offset, length }) {
  const record = Buffer.alloc(25 + length);
  record.set([22, 0xfe, 0xfd]);
  record.writeUInt16BE(12 + length, 11);
  record[13] = type;
  record.writeUIntBE(total, 14, 3);
  record.writeUIntBE(offset, 19, 3);
  record.writeUIntBE(length, 22, 3);
  return record;
}

async function client(t, port) {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const received = [];
  socket.on('message', (datagram) => received.push(datagram));
  await new Promise((resolve) => socket.connect(port, '127.0.0.1', resolve));
  return { socket, received };
}

function bound(socket) {
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
}

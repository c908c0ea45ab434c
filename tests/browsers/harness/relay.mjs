// A UDP relay between a client and the server that loses chosen datagrams.
//
// Owns: one socket toward the clients, and one toward the server for each client address, as a NAT has.
// Never does: delay, reorder or change a datagram.

import { createSocket } from 'node:dgram';

import { fragments, MESSAGE } from './dtls.mjs';

export class Relay {
  /** `rule(datagram, direction)` returns true to lose a datagram; direction is 'toServer' or 'toClient'. */
  static async open(server, rule = () => false) {
    const relay = new Relay(server, rule);
    relay.port = (await bind(relay.socket)).port;
    return relay;
  }

  constructor(server, rule) {
    Object.assign(this, { server, rule, flows: new Map(), passed: 0, dropped: [] });
    this.socket = createSocket('udp4');
    this.socket.on('message', (datagram, client) => this.#fromClient(datagram, client));
  }

  async close() {
    await Promise.all([this.socket, ...this.flows.values()].map((socket) => new Promise((done) => socket.close(done))));
  }

  #fromClient(datagram, client) {
    const upstream = this.#flowOf(client);
    if (!this.#isLost(datagram, 'toServer')) upstream.send(datagram, this.server.port, this.server.address);
  }

  #flowOf({ address, port }) {
    const name = `${address}:${port}`;
    const known = this.flows.get(name);
    if (known) return known;
    const upstream = createSocket('udp4');
    upstream.on('message', (datagram) => {
      if (!this.#isLost(datagram, 'toClient')) this.socket.send(datagram, port, address);
    });
    // an ICMP refusal while the server goes away is an error event: the same as a loss here
    upstream.on('error', () => {});
    this.flows.set(name, upstream);
    return upstream;
  }

  #isLost(datagram, direction) {
    if (!this.rule(datagram, direction)) {
      this.passed += 1;
      return false;
    }
    this.dropped.push({ direction, length: datagram.length, messages: fragments(datagram).map(({ type }) => type) });
    return true;
  }
}

/** Loses the first datagram of the server that holds its ServerHello or Certificate: the head of flight 4. */
export function loseFlightFour() {
  return once(1, (datagram, direction) => {
    const types = fragments(datagram).map(({ type }) => type);
    return direction === 'toClient' && (types.includes(MESSAGE.serverHello) || types.includes(MESSAGE.certificate));
  });
}

/** Loses the continuation of the first `count` ClientHellos that come in two datagrams. */
export function loseClientHelloTails(count) {
  return once(count, (datagram, direction) => {
    const isTail = ({ type, offset }) => type === MESSAGE.clientHello && offset > 0;
    return direction === 'toServer' && fragments(datagram).some(isTail);
  });
}

function once(count, matches) {
  let left = count;
  return (datagram, direction) => {
    if (left === 0 || !matches(datagram, direction)) return false;
    left -= 1;
    return true;
  };
}

function bind(socket) {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => resolve(socket.address()));
  });
}

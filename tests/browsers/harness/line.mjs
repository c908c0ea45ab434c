// A line between browsers and a server that can be cut, and mended.
//
// Owns: one TCP listener and what goes through it. Never does: look at what it carries. Media goes by UDP and past it.

import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

export class Line {
  /** Leads to a port of loopback. `host` is where browsers come in. */
  static async to(port, { host = '127.0.0.1' } = {}) {
    const line = new Line(port, host);
    await line.#listen(0);
    line.port = line.server.address().port;
    return line;
  }

  constructor(target, host) {
    Object.assign(this, { target, host, sockets: new Set() });
  }

  /** The same link, by this line. */
  carry(link) {
    const url = new URL(link);
    url.port = this.port;
    if (this.host !== '127.0.0.1') url.hostname = this.host;
    return url.href;
  }

  /** Whoever is connected is thrown out, and nobody comes in. */
  async cut() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  mend() {
    return this.#listen(this.port);
  }

  async close() {
    if (this.server.listening) await this.cut();
  }

  #listen(port) {
    this.server = createServer((near) => this.#join(near));
    return new Promise((resolve, reject) => this.server.once('error', reject).listen(port, this.host, resolve));
  }

  #join(near) {
    const far = connect(this.target, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => this.sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  }
}

/** An address of this machine that is not loopback: what comes by plain HTTP from there is no secure page. */
export function ownAddress() {
  const own = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!own) throw new Error('this machine has no IPv4 address beside loopback, and some clients use nothing else');
  return own.address;
}

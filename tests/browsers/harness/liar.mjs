// A server that lies: it stands before the product's own, whose signaling it reads and changes as it is told.
//
// Owns: one listener, and the numbering of frames, so that neither side notices what was put in or left out. Never
// does: lie of its own accord, or touch media, which goes past it.
//
// All that it does, whoever controls the server can do.

import { createServer, request } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

import { until } from './wait.mjs';

const PROTOCOL = 'rapport.v1';

export class Liar {
  /**
   * Before a demonstration. `says` and `hears` change the bodies that a client gets, and those that it sends; `answers`
   * changes the session description that it is answered with; `page` the page, where it is not compressed.
   */
  static async before(demo, { says = honest, hears = honest, answers = (sdp) => sdp, page } = {}) {
    const liar = new Liar(demo);
    Object.assign(liar, { says, hears, answers, page });
    await new Promise((resolve, reject) => liar.server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return liar;
  }

  constructor(demo) {
    Object.assign(this, { demo, clients: [], heard: [] });
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: () => PROTOCOL });
    this.server = createServer((near, answer) => this.#pass(near, answer));
    this.server.on('upgrade', (near, socket, head) => {
      this.sockets.handleUpgrade(near, socket, head, (client) => this.clients.push(new Client(this, client, near.url)));
    });
  }

  /** The same link, by this server. */
  carry(link) {
    const url = new URL(link);
    url.port = this.server.address().port;
    return url.href;
  }

  /** Whoever joined under this name last. */
  client(name) {
    const named = () => this.clients.findLast((client) => client.name === name);
    return until(`${name} has joined`, named, (client) => client?.you !== undefined);
  }

  close() {
    this.clients.forEach((client) => client.close());
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  get target() {
    return { host: '127.0.0.1', port: this.demo.port };
  }

  #pass(near, answer) {
    const { method, url, headers } = near;
    const far = request({ ...this.target, method, path: url, headers: { ...headers, host: `localhost:${this.demo.port}` } }, (found) => {
      const isPage = found.headers['content-type']?.startsWith('text/html') && !found.headers['content-encoding'];
      if (this.page && isPage) return this.#change(found, answer);
      answer.writeHead(found.statusCode, found.headers);
      found.pipe(answer);
    });
    far.on('error', () => answer.destroy());
    near.pipe(far);
  }

  async #change(found, answer) {
    const body = Buffer.from(this.page(Buffer.concat(await found.toArray()).toString()));
    answer.writeHead(found.statusCode, { ...found.headers, 'content-length': body.length }).end(body);
  }
}

/** One socket of a page, and that by which it is passed on. */
class Client {
  constructor(liar, near, path) {
    const { host, port } = liar.target;
    const origin = `http://localhost:${port}`;
    const far = new WebSocket(`ws://${host}:${port}${path}`, PROTOCOL, { origin, headers: { host: `localhost:${port}` } });
    Object.assign(this, { liar, near, far, name: undefined, you: undefined, early: [] });
    this.down = new Numbers();
    this.up = new Numbers();
    near.on('message', (data) => this.#up(JSON.parse(data)));
    far.on('message', (data) => this.#down(JSON.parse(data)));
    far.on('open', () => this.early.splice(0).forEach((text) => far.send(text)));
    near.on('close', (code, reason) => far.readyState <= WebSocket.OPEN && far.close(sendable(code), reason));
    far.on('close', (code, reason) => near.readyState <= WebSocket.OPEN && near.close(sendable(code), reason));
    near.on('error', () => far.terminate());
    far.on('error', () => near.terminate());
  }

  /** Tells the page something that the server did not say. */
  tell(body) {
    this.near.send(JSON.stringify({ seq: this.down.put(), ack: this.up.origin(this.lastAck ?? 0), body }));
  }

  close() {
    this.near.terminate();
    this.far.terminate();
  }

  #up(message) {
    if (message.type === 'join') this.name = message.name;
    this.#carry(message, { from: this.up, acks: this.down, change: this.liar.hears, send: (text) => this.#send(text) });
  }

  #down(message) {
    if (message.type === 'joined') {
      this.you = message.snapshot.you;
      message.answer = this.liar.answers(message.answer, this);
    }
    this.lastAck = message.ack ?? this.lastAck;
    this.#carry(message, { from: this.down, acks: this.up, change: this.liar.says, send: (text) => this.near.send(text) });
  }

  /** One frame becomes as many as the lie wants, each with a number of its own. */
  #carry(message, { from, acks, change, send }) {
    if (message.type !== undefined) return send(JSON.stringify(message)); // opening and welcome have no number
    const ack = acks.origin(message.ack ?? 0);
    if (message.body === undefined) return send(JSON.stringify({ ...message, ack }));
    from.arrived = message.seq;
    const bodies = change(message.body, this);
    if (bodies.length === 0) return send(JSON.stringify({ ack }));
    for (const body of bodies) send(JSON.stringify({ seq: from.put(), ack, body }));
  }

  #send(text) {
    if (this.far.readyState === WebSocket.OPEN) this.far.send(text);
    else this.early.push(text);
  }
}

/** What number a body had from its author, by the number under which it was passed on. */
class Numbers {
  arrived = 0;
  #origins = [0];

  /** The number of the next body that is passed on. */
  put() {
    return this.#origins.push(this.arrived) - 1;
  }

  /** Acknowledges nothing that its author did not send, and all that was left out. */
  origin(number) {
    const next = this.#origins[number + 1];
    return next === undefined ? this.arrived : Math.max(this.#origins[number], next - 1);
  }
}

/** Says what there is to say. */
function honest(body) {
  return [body];
}

/** RFC 6455 §7.4.1: 1005 and up only tell how a socket ended. */
function sendable(code) {
  return code === 1001 || (code >= 3000 && code < 5000) ? code : 1000;
}

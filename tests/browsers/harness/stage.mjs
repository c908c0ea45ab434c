// What a test plays on: the pages, the server, the browsers, and the peers of the running test.
//
// Owns: everything that must be closed, and what is printed when a test fails. Never does: assert.

import { test } from 'node:test';

import { launch } from './browser.mjs';
import { openGateway } from './gateway.mjs';
import { servePages } from './pages.mjs';
import { Relay } from './relay.mjs';
import { withOnlyPort } from './sdp.mjs';
import { Server } from './server.mjs';
import { until } from './wait.mjs';

/** A hang must end as a failure with evidence, long before the runner of CI gives up. */
const TEST_TIMEOUT_MS = 120_000;

export class Stage {
  static async open({ withServer = true, plainAddresses = false, beyondLoopback = false } = {}) {
    const stage = new Stage();
    stage.plainAddresses = plainAddresses;
    stage.pages = await servePages();
    try {
      if (withServer) stage.server = await Server.start(new URL(stage.pages.url).origin, { beyondLoopback });
    } catch (error) {
      await stage.pages.close();
      throw error;
    }
    return stage;
  }

  constructor() {
    Object.assign(this, { browsers: new Map(), closing: [], peers: [], rooms: 0 });
  }

  /** A room that no other test has. */
  room() {
    this.rooms += 1;
    return `room-${this.rooms}`;
  }

  /** A fresh page in a browser that the whole file shares. */
  async peer(name) {
    if (!this.browsers.has(name)) this.browsers.set(name, await launch(name, this));
    const peer = await this.browsers.get(name).open(this.pages.url);
    this.peers.push(peer);
    return peer;
  }

  /** A page that publishes into a room, connected. */
  async publisher(name, { room, base, ...options }) {
    const peer = await this.peer(name);
    const token = options.token ?? (await this.server.token(room, 'publisher', 'publish'));
    await peer.call('publish', { ...options, url: this.server.whip(room, base), token });
    await connected(peer);
    return peer;
  }

  /** A page that plays a room; what arrives is for the test to see. */
  async player(name, { room, base, ...options }) {
    const peer = await this.peer(name);
    const token = options.token ?? (await this.server.token(room, 'player', 'subscribe'));
    await peer.call('play', { ...options, url: this.server.whep(room, base), token });
    return peer;
  }

  /** A way to the server's HTTP interface that edits what passes; closed with the test. */
  gateway(edits) {
    return this.gatewayTo(this.server.base, edits);
  }

  /** The same to any server. */
  async gatewayTo(base, edits) {
    const gateway = await openGateway(base, edits);
    this.closing.push(gateway);
    return gateway;
  }

  /** A way to the server, HTTP and media, on which `rule` loses datagrams; closed with the test. */
  async relay(rule) {
    const relay = await Relay.open(this.server.media, rule);
    this.closing.push(relay);
    const gateway = await this.gateway({ editAnswer: (sdp) => withOnlyPort(sdp, relay.port) });
    return { relay, base: gateway.base };
  }

  /** Closes one page before the test ends. */
  async drop(peer) {
    this.peers.splice(this.peers.indexOf(peer), 1);
    await peer.close();
  }

  later(close) {
    this.closing.push({ close });
  }

  /** Ends what the test opened; what cannot be closed any more is not its failure. */
  async clear() {
    const open = [...this.peers.splice(0), ...this.closing.splice(0)];
    await Promise.allSettled(open.map((each) => each.close()));
  }

  async close() {
    await this.clear();
    await Promise.all([...this.browsers.values()].map((browser) => browser.close()));
    const outcome = await this.server?.stop();
    await this.pages.close();
    if (outcome && outcome.code !== 0) throw new Error(`the server ended with ${JSON.stringify(outcome)}\n${this.server.log()}`);
  }

  async evidence() {
    const snapshots = await Promise.allSettled(this.peers.map((peer) => peer.call('snapshot')));
    const pages = this.peers.map(({ faults }, index) => JSON.stringify({ faults, ...snapshots[index].value }));
    return ['--- pages', ...pages, '--- server', this.server?.log() ?? 'none'].join('\n');
  }
}

/** One behaviour as a test: on failure it prints what the pages and the server have to say. */
export function behaviour(name, stage, body) {
  test(name, { timeout: TEST_TIMEOUT_MS }, async (t) => {
    try {
      await body(t);
    } catch (error) {
      console.error(await stage()?.evidence());
      throw error;
    } finally {
      await stage()?.clear();
    }
  });
}

/** Waits for a page's connection to be up. */
export function connected(peer) {
  return until('the page is connected', () => peer.call('snapshot'), ({ connection }) => connection === 'connected');
}

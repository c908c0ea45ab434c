// The server under test.
//
// Owns: one process of the real binary with its own configuration, ports and keys. Never does: reach into
// it; all that is known comes over its HTTP interface.

import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ownAddress } from './line.mjs';
import { Child, run } from './process.mjs';
import { until } from './wait.mjs';

const BINARY = process.env.RAPPORT_BIN ?? fileURLToPath(new URL('../../../target/debug/rapport', import.meta.url));

export class Server {
  /**
   * Starts a server whose HTTP interface the pages of `origin` may call, and waits until it is ready. Its media
   * port is on loopback; `beyondLoopback` adds the machine's own address, from which nothing leaves the machine either.
   * `more` is of the configuration, in TOML.
   */
  static async start(origin, { beyondLoopback = false, more = '' } = {}) {
    const server = new Server();
    await server.#configure(origin, beyondLoopback ? ['127.0.0.1', ownAddress()] : ['127.0.0.1'], more);
    server.process = new Child(BINARY, ['serve', '--config', server.config], { env: { ...process.env, NO_COLOR: '1' } });
    try {
      await until('the server is ready', () => server.#isReady());
    } catch (error) {
      await server.stop();
      throw new Error(`${error.message}\n${server.log()}`);
    }
    return server;
  }

  get pid() {
    return this.process.pid;
  }

  log() {
    return this.process.log();
  }

  async stop() {
    const outcome = await this.process.end();
    await rm(this.folder, { recursive: true, force: true });
    return outcome;
  }

  whip(room, base = this.base) {
    return `${base}/whip/${room}`;
  }

  whep(room, base = this.base) {
    return `${base}/whep/${room}`;
  }

  /** A token as an operator makes one, by the command line. `grants` are flags: 'publish', 'subscribe', 'admin'. */
  async token(room, identity, ...grants) {
    const flags = grants.map((grant) => `--${grant}`);
    const args = ['token', '--config', this.config, '--room', room, '--identity', identity, ...flags];
    return (await run(BINARY, args)).trim();
  }

  /** The same token, rightly signed, but an hour past its end. */
  expired(token) {
    const [head, body] = token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    const hourAgo = Math.floor(Date.now() / 1000) - 3600;
    const signed = [head, { ...body, exp: hourAgo, ...(body.iat && { iat: hourAgo - 60 }) }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${signed}.${createHmac('sha256', this.secret).update(signed).digest('base64url')}`;
  }

  /** What the room API shows of a room. */
  async roomInfo(room) {
    return (await this.#administer(room, '')).json();
  }

  /** Silences a track at the server, or lets it be heard again. */
  async muteTrack(room, track, muted) {
    const headers = { 'Content-Type': 'application/json' };
    await this.#administer(room, `/tracks/${track}/muted`, { method: 'PUT', headers, body: JSON.stringify({ muted }) });
  }

  /** The samples of /metrics as `{ name, labels, value }`. */
  async metrics() {
    const text = await (await fetch(`${this.base}/metrics`)).text();
    return text.split('\n').filter((line) => line && !line.startsWith('#')).map(sampleOf);
  }

  /** Media packets so far, 'inbound' or 'outbound' as the server sees them; its metrics may be a second old. */
  async mediaPackets(direction) {
    const name = 'rapport_rtp_packets_total';
    const sample = (await this.metrics()).find((each) => each.name === name && each.labels.direction === direction);
    if (!sample) throw new Error(`no metric ${name} ${direction}`);
    return sample.value;
  }

  async #administer(room, path, { headers, ...request } = {}) {
    const authorization = `Bearer ${await this.token(room, 'administrator', 'admin')}`;
    const url = `${this.base}/api/v1/rooms/${room}${path}`;
    const response = await fetch(url, { ...request, headers: { ...headers, Authorization: authorization } });
    if (!response.ok) throw new Error(`${url}: status ${response.status} ${await response.text()}`);
    return response;
  }

  async #configure(origin, addresses, more) {
    this.folder = await mkdtemp(join(tmpdir(), 'rapport-server-'));
    this.config = join(this.folder, 'rapport.toml');
    this.secret = randomBytes(24).toString('base64');
    const [http, udp] = [await freeTcpPort(), await freeUdpPort()];
    this.base = `http://127.0.0.1:${http}`;
    this.media = { address: '127.0.0.1', port: udp };
    const text = configuration({ http, udp, addresses, origin, secret: this.secret });
    await writeFile(this.config, `${text}\n${more}`, { mode: 0o600 });
  }

  async #isReady() {
    if (this.process.outcome) throw new Error(`the server ended: ${JSON.stringify(this.process.outcome)}`);
    return fetch(`${this.base}/readyz`).then(({ ok }) => ok, () => false);
  }
}

function configuration({ http, udp, addresses, origin, secret }) {
  const media = addresses.map((address) => `"${address}:${udp}"`);
  return `
[server]
listen = "127.0.0.1:${http}"
cors_origins = ["${origin}"]
# pages that are closed leave their sessions behind; a stopping server need not wait for them here
drain_deadline = "1s"

[media]
listen = [${media.join(', ')}]
clear_rooms = true

[[auth.secrets]]
id = "test"
secret = "${secret}"
`;
}

function sampleOf(line) {
  const [, name, labels, value] = line.match(/^([^{\s]+)(?:\{(.*)\})?\s+(\S+)/);
  const pairs = [...(labels ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

async function freeTcpPort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function freeUdpPort() {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

// `rapport demo`, as a person starts it.
//
// Owns: one process and the two links that it prints. Never does: know a secret by another way.

import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { Child } from './process.mjs';
import { until } from './wait.mjs';

export const BINARY = process.env.RAPPORT_BIN ?? fileURLToPath(new URL('../../../target/debug/rapport', import.meta.url));

const LINK = /https?:\/\/\S+\/j\/[\w-]+#[\w-]+/g;

export class Demo {
  /**
   * Starts on a free port, or on that of a former one with its `data`, and reads the links. `talkative`: logs all that
   * it can, and all of it is kept. `clinic`: the number of the one whose certified devices are the therapist's.
   */
  static async start({ port, data, clinic, av1 = false, talkative = false } = {}) {
    const demo = new Demo();
    demo.port = port ?? (await freePort());
    const folder = data ? ['--data', data] : [];
    const clinics = clinic ? ['--clinic', clinic] : [];
    const codec = av1 ? ['--av1'] : [];
    const level = talkative ? ['--log', 'trace'] : [];
    demo.process = new Child(BINARY, ['demo', '--listen', `127.0.0.1:${demo.port}`, ...folder, ...clinics, ...codec, ...level], {
      env: { ...process.env, NO_COLOR: '1' },
      ...(talkative && { lines: Infinity }),
    });
    const links = await until('the demo prints its links', () => demo.#links(), ({ length }) => length === 2);
    [demo.therapist, demo.client] = links;
    demo.origin = new URL(demo.therapist).origin;
    await until('the demo serves', () => fetch(`${demo.base}/readyz`).then(({ ok }) => ok, () => false));
    return demo;
  }

  /** As a program reaches it, whatever the links call it. */
  get base() {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid() {
    return this.process.pid;
  }

  log() {
    return this.process.log();
  }

  stop(signal) {
    return this.process.end(signal);
  }

  #links() {
    if (this.process.outcome) throw new Error(`the demo ended: ${JSON.stringify(this.process.outcome)}\n${this.log()}`);
    return this.log().match(LINK) ?? [];
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Synthetic members of a sealed call: `sealed-client`, which seals and opens with another implementation.
//
// Owns: one process and the lines that it prints. Never does: seal or open anything itself.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { until } from './wait.mjs';

const BINARY = fileURLToPath(new URL('../../../target/debug/sealed-client', import.meta.url));

export class Synthetic {
  /** `count` members by a link; `flags` as on the command line. */
  static join(demo, link, { count = 1, prefix = 'Member', flags = [] } = {}) {
    const args = ['--origin', demo.base, '--link', link, '--count', String(count), '--name-prefix', prefix, '--seconds', '110', ...flags];
    return new Synthetic(args);
  }

  constructor(args) {
    this.lines = [];
    this.child = spawn(BINARY, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = once(this.child, 'close');
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop();
      this.lines.push(...parts.map((line) => JSON.parse(line)));
    });
  }

  /** Waits for a line. */
  says(what, holds, deadline) {
    return until(what, async () => this.lines.findLast(holds) ?? { last: this.lines.at(-1) }, (line) => holds(line), deadline);
  }

  /** The last counts of each member. */
  reports() {
    const counts = this.lines.filter(({ type }) => type === 'counts');
    return Object.values(Object.fromEntries(counts.map(({ client, report }) => [client, report])));
  }

  async leave() {
    this.child.stdin.end('{"type":"leave"}\n');
    await this.ended;
  }
}

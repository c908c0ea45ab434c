// Child processes that never outlive their test.
//
// Owns: starting, keeping the tail of the output, ending by id. Never does: look a process up by name.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Lines of output kept for a failure. */
const TAIL_LINES = 200;

/** A process that ignores SIGTERM this long gets SIGKILL. */
const GRACE_MS = 5000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Child {
  /** `lines` of output are kept. */
  constructor(command, args, { lines = TAIL_LINES, ...options } = {}) {
    this.name = command.split('/').pop();
    this.tail = [];
    this.lines = lines;
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(this.child);
    // `once` rejects on an error event: the command could not even be started
    this.ended = once(this.child, 'close').then(
      ([code, signal]) => this.#remember({ code, signal }),
      (error) => this.#remember({ code: null, error: error.message }),
    );
    this.#keepTail(this.child.stdout);
    this.#keepTail(this.child.stderr);
  }

  get pid() {
    return this.child.pid;
  }

  log() {
    return this.tail.join('\n');
  }

  /** Sends a signal and waits for the end, with SIGKILL after a grace period. */
  async end(signal = 'SIGTERM') {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), GRACE_MS);
    const outcome = await this.ended;
    clearTimeout(timer);
    return outcome;
  }

  #remember(outcome) {
    running.delete(this.child);
    this.outcome = outcome;
    return outcome;
  }

  #keepTail(stream) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      this.tail = [...this.tail, ...lines].slice(-this.lines);
    });
  }
}

/** Runs a command to its end; returns its standard output, or throws with all it said. */
export async function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${code}\n${output.stderr}${output.stdout}`);
  return output.stdout;
}

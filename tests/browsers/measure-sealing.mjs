// Figures, not assertions: what sealing costs the page of a call of six, by the processor time of its threads.
//
// Prints one JSON object. Nothing else should run on the machine meanwhile.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { Call, THERAPIST } from './harness/call.mjs';
import { Synthetic } from './harness/synthetic.mjs';
import { until } from './harness/wait.mjs';

/** Beside the page: together six people. */
const OTHERS = 5;
/** A second, of each of them; the page shows as many. */
const PICTURES = 30;
const SPAN_MS = 20_000;

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

/** Keeps what the sealing worker last told of its counts. */
const COUNTING = `
  window.counts = null;
  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => { if (data.type === 'report') window.counts = data.counts; });
    }
  };`;

const call = new Call();
try {
  await call.begin();
  const page = await call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST, before: COUNTING });
  const members = Synthetic.join(call.demo, call.demo.client, { count: OTHERS, flags: ['--pictures', String(PICTURES)] });
  call.later(() => members.leave());
  await page.reads(`${OTHERS} people are waiting`, 40_000);
  await page.press('Let everybody in');
  await until('all are seen', () => page.snapshot(), ({ videos }) => videos.filter(({ shown, rendered }) => shown && rendered > 30).length > OTHERS, 60_000);
  const before = await look(page);
  await pause(SPAN_MS);
  console.log(JSON.stringify({ sealing: figures(before, await look(page)) }, null, 2));
} finally {
  await call.clear();
  await call.close();
}

async function look(page) {
  return { at: Date.now(), counts: await page.page.evaluate(() => window.counts), threads: threadsOfPage() };
}

function figures(before, after) {
  const seconds = (after.at - before.at) / 1000;
  const share = (name) => (after.threads[name] - before.threads[name]) / seconds / 10;
  const rise = (name) => after.counts[name] - before.counts[name];
  const [sealed, opened] = [rise('sealed'), rise('opened')];
  const worker = share('DedicatedWorker');
  return {
    people: OTHERS + 1,
    framesASecond: { sealed: round(sealed / seconds), opened: round(opened / seconds) },
    // waiting for the browser's cryptography included
    wallMicrosAFrame: { seal: round(rise('sealMicros') / sealed), open: round(rise('openMicros') / opened) },
    percentOfACore: { worker: round(worker), main: round(share('main')), cryptographyAndOtherPools: round(share('ThreadPoolForeg')) },
    workerMicrosAFrame: round((worker * 1e4 * seconds) / (sealed + opened)),
  };
}

/** Processor time in ms so far of the threads of the process that has a worker: the page of the call. */
function threadsOfPage() {
  const renderers = readdirSync('/proc').filter((id) => /^\d+$/.test(id)).map(threadsOf);
  return renderers.find((threads) => 'DedicatedWorker' in threads) ?? {};
}

function threadsOf(process) {
  const threads = {};
  try {
    for (const thread of readdirSync(`/proc/${process}/task`)) {
      const text = readFileSync(`/proc/${process}/task/${thread}/stat`, 'utf8');
      const [, name, rest] = /\((.*)\) (.*)/.exec(text);
      const [user, system] = rest.split(' ').slice(11, 13).map(Number);
      const key = thread === process ? 'main' : name.replace(/ .*/, '');
      threads[key] = (threads[key] ?? 0) + (user + system) * TICK_MS;
    }
  } catch {
    // it has ended meanwhile
  }
  return threads;
}

function round(number) {
  return Math.round(number * 10) / 10;
}

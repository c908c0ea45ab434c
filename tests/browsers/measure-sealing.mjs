// Figures, not assertions: what sealing costs the page of a call of six, by the processor time of its threads.
//
// The pools of the page's process decode pictures, too: what cryptography takes of them is measured alone, in another
// process that does nothing else. Prints one JSON object. Nothing else should run on the machine meanwhile.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { launch } from './harness/browser.mjs';
import { Call, THERAPIST } from './harness/call.mjs';
import { Synthetic } from './harness/synthetic.mjs';
import { until } from './harness/wait.mjs';

/** Beside the page: together six people. */
const OTHERS = 5;
/** A second, of each of them; the page shows as many. */
const PICTURES = 30;
const SPAN_MS = 20_000;
/** Sound has some 150 bytes, a picture of a tile some thousands. */
const BETWEEN_BYTES = 1200;

/** Keeps what the sealing worker last told of its counts. */
const COUNTING = `
  window.counts = null;
  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => { if (data.type === 'report') window.counts = data.counts; });
    }
  };`;

/** Opens one frame a message. */
const AEAD = `
  (async () => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt', 'decrypt']);
    const parameters = { name: 'AES-GCM', iv: new Uint8Array(12), additionalData: new Uint8Array(8) };
    const sealed = await crypto.subtle.encrypt(parameters, key, new Uint8Array(${BETWEEN_BYTES}));
    onmessage = () => crypto.subtle.decrypt(parameters, key, sealed);
    postMessage('ready');
  })();`;

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
  const sealing = figures(before, await look(page));
  await call.clear();
  console.log(JSON.stringify({ sealing, cryptographyAlone: await cryptography(sealing.framesASecond) }, null, 2));
} finally {
  await call.clear();
  await call.close();
}

/** As many frames a second by a worker on an empty page, of a length between sound and picture. */
async function cryptography({ sealed, opened }) {
  const blank = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')).listen(0, 'localhost');
  const browser = await launch('chromium');
  call.later(() => Promise.all([browser.close(), blank.close()]));
  const page = await browser.page('');
  // a secure context: others have no cryptography
  await page.goto(`http://localhost:${blank.address().port}/`);
  await page.evaluate(async ([source, perSecond]) => {
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    await new Promise((resolve) => { worker.onmessage = resolve; });
    setInterval(() => worker.postMessage(null), 1000 / perSecond);
  }, [AEAD, sealed + opened]);
  const [before, began] = [threadsOfPage(), Date.now()];
  await pause(SPAN_MS);
  const [after, ms] = [threadsOfPage(), Date.now() - began];
  const share = (name) => round((100 * ((after[name] ?? 0) - (before[name] ?? 0))) / ms);
  return { percentOfACore: { worker: share('DedicatedWorker'), pools: share('ThreadPoolForeg') } };
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
      const [name, times] = ['comm', 'schedstat'].map((file) => readFileSync(`/proc/${process}/task/${thread}/${file}`, 'utf8'));
      const key = thread === process ? 'main' : name.trim().replace(/ .*/, '');
      // in nanoseconds; the first number is what it ran for
      threads[key] = (threads[key] ?? 0) + Number(times.split(' ')[0]) / 1e6;
    }
  } catch {
    // it has ended meanwhile
  }
  return threads;
}

function round(number) {
  return Math.round(number * 10) / 10;
}

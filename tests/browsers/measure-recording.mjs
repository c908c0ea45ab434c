// Figures, not assertions: what recording costs the server in a call of two, by the processor time of its process.
//
// First the call alone, then the same while both are recorded. Prints one JSON object. Nothing else should run on the
// machine meanwhile.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Call } from './harness/call.mjs';
import { agree, complete, propose, rapport, safeSeconds, wordsOf } from './harness/recording.mjs';

const SPAN_MS = 30_000;
const SPAN_SECONDS = SPAN_MS / 1000;

const call = new Call();
const data = mkdtempSync(join(tmpdir(), 'rapport-measured-'));
try {
  await call.begin({ data });
  const [therapist, client] = await call.pair(['chromium', 'chromium'], { therapist: { width: 1280, height: 720 }, client: { width: 1280, height: 720 } });
  const alone = await share();
  await propose(therapist, { also: ['Sound of You', 'Picture of You'] });
  await client.reads('Dana asks to record this session');
  await agree(client);
  await safeSeconds(client, 2);
  const recorded = await share();
  await client.press('Stop recording');
  const { path } = await complete(data);
  const file = join(data, 'plain.webm');
  const exported = rapport('recording', 'export', path, '--key', wordsOf(call.demo, data), '--out', file);
  const [, seconds] = /0:00:(\d\d)/.exec(rapport('recording', 'verify', path));
  const bytes = Object.fromEntries(readdirSync(path).map((name) => [name, statSync(join(path, name)).size]));
  const recording = round((recorded - alone) * 100);
  console.log(JSON.stringify({
    percentOfACore: { call: round(alone * 100), callAndRecording: round(recorded * 100), recording },
    microsARecordedSecond: Math.round((recorded - alone) * 1e6),
    recording: { seconds: Number(seconds), bytes, exported: exported.trim(), exportedBytes: statSync(file).size },
  }, null, 2));
} finally {
  await call.clear();
  await call.close();
  rmSync(data, { recursive: true });
}

/** Of one core, over the span. */
async function share() {
  const before = spent();
  await pause(SPAN_MS);
  return (spent() - before) / SPAN_SECONDS;
}

/** Processor time so far in seconds, of all threads. */
function spent() {
  const nanos = readdirSync(`/proc/${call.demo.pid}/task`).map((thread) => Number(readFileSync(`/proc/${call.demo.pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]));
  return nanos.reduce((sum, one) => sum + one, 0) / 1e9;
}

function round(number) {
  return Math.round(number * 100) / 100;
}

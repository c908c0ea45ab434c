// Figures, not assertions: how long a join takes, and what the server spends on a 720p publisher.
//
// Prints one JSON object. Nothing else should run on the machine meanwhile.

import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import { assertPlays, firstPicture } from './harness/content.mjs';
import { percentiles, round } from './harness/figures.mjs';
import { Stage } from './harness/stage.mjs';

const JOINS = 20;
const SUBSCRIBERS = [1, 8];
const PICTURE = { width: 1280, height: 720, frameRate: 30, busy: true };

/** How long the server's CPU time is watched. */
const WATCH_MS = Number(process.env.WATCH_MS ?? 10_000);

/** Linux counts CPU time in ticks of 1/100 s (USER_HZ), memory in pages of 4 KiB. */
const TICK_MS = 10;
const PAGE_KIB = 4;

const stage = await Stage.open();
try {
  const figures = { machine: await machine(), joins: {}, load: [] };
  for (const browser of ['chromium', 'firefox']) figures.joins[browser] = await measureJoins(browser);
  for (const subscribers of SUBSCRIBERS) figures.load.push(await measureLoad(subscribers));
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await stage.close();
}

/** Click to first picture, and from the answer to it, over joins one after another. */
async function measureJoins(browser) {
  const room = stage.room();
  await stage.publisher('chromium', { room, source: PICTURE });
  const joins = [];
  while (joins.length < JOINS) {
    const player = await stage.player(browser, { room });
    const { frames, startedAt, answeredAt } = await firstPicture(player);
    joins.push({ click: frames.firstAt - startedAt, answer: frames.firstAt - answeredAt });
    await player.call('unpublish');
    await stage.drop(player);
  }
  await stage.clear();
  return {
    joins: joins.length,
    clickToPictureMs: percentiles(joins.map(({ click }) => click)),
    answerToPictureMs: percentiles(joins.map(({ answer }) => answer)),
  };
}

/** CPU and memory of the server, and the delay from the drawing of a picture to its rendering. */
async function measureLoad(subscribers) {
  const room = stage.room();
  await stage.publisher('chromium', { room, source: PICTURE });
  const player = await stage.player('chromium', { room });
  // the others receive and decode, and spare the machine the reading
  for (let others = 1; others < subscribers; others += 1) await stage.player('chromium', { room, watch: false });
  await assertPlays(player);
  const [before, inbound, outbound] = await counters();
  await player.call('forget');
  await pause(WATCH_MS);
  const [after, inboundAfter, outboundAfter] = await counters();
  const delays = await player.call('delays');
  const resident = await memoryKiB();
  await stage.clear();
  const seconds = (after.at - before.at) / 1000;
  return {
    subscribers,
    cores: round((after.cpuMs - before.cpuMs) / (after.at - before.at), 4),
    residentMiB: round(resident / 1024, 1),
    inboundPacketsPerSecond: round((inboundAfter - inbound) / seconds),
    outboundPacketsPerSecond: round((outboundAfter - outbound) / seconds),
    drawnToRenderedMs: percentiles(delays),
  };
}

async function counters() {
  const inbound = await stage.server.mediaPackets('inbound');
  const outbound = await stage.server.mediaPackets('outbound');
  return [{ at: Date.now(), cpuMs: await cpuMs() }, inbound, outbound];
}

/** proc_pid_stat(5): the name in brackets may hold spaces, so fields are counted after it; 14 and 15 are utime and stime. */
async function cpuMs() {
  const stat = await readFile(`/proc/${stage.server.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** proc_pid_statm(5): the second field is the resident set. */
async function memoryKiB() {
  const [, resident] = (await readFile(`/proc/${stage.server.pid}/statm`, 'utf8')).split(' ');
  return Number(resident) * PAGE_KIB;
}

async function machine() {
  const info = await readFile('/proc/cpuinfo', 'utf8');
  const models = [...info.matchAll(/^model name\s*: (.*)$/gm)].map(([, model]) => model);
  return { processors: models.length, model: models[0] };
}

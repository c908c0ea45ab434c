// Figures, not assertions: how long it takes from the click on Join to the first picture of the other.
//
// Prints one JSON object. Nothing else should run on the machine meanwhile.

import { Call, CLIENT, firstSight, perceives, THERAPIST } from './harness/call.mjs';
import { percentiles } from './harness/figures.mjs';

const JOINS = 20;

const call = new Call();
try {
  const figures = {};
  for (const browser of ['chromium', 'firefox']) figures[browser] = await measureJoins(browser);
  console.log(JSON.stringify({ callJoins: figures }, null, 2));
} finally {
  await call.close();
}

/** One person stays, another comes in again and again by the same link. */
async function measureJoins(browser) {
  await call.begin();
  await call.enter('chromium', call.demo.therapist, { name: 'Dana', id: THERAPIST });
  const waits = [];
  while (waits.length < JOINS) {
    const client = await call.enter(browser, call.demo.client, { name: 'Omar', id: CLIENT });
    waits.push(await firstSight(client, THERAPIST));
    await perceives(client, THERAPIST);
    await client.press('Leave');
    await client.reads('You left the session');
    await call.leave(client);
  }
  await call.clear();
  return { joins: waits.length, clickToPictureMs: percentiles(waits) };
}

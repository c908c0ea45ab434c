// What nobody but the people of a call may ever hold, as their own browsers had it before sealing.
//
// Owns: which bytes of it are looked for. Never does: look.

import { readFile } from 'node:fs/promises';

/** Long enough that it is found by chance nowhere. */
const NEEDLE_BYTES = 20;

/** Of a frame: what stands before is what a packet of it begins with, in clear by the layout. */
const SKIPPED_BYTES = 16;

/** A stretch of silence or of a flat picture would be found where it never was. */
const LEAST_DISTINCT_BYTES = 14;

/** Of each kind; spread over the call. */
const NEEDLES_A_KIND = 24;

/** Runs in a page before anything else: keeps what the worker tells. */
const KEEPER = `
  window.needles = [];
  new BroadcastChannel('needles').onmessage = ({ data: { kind, bytes } }) =>
    window.needles.push({ kind, hex: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') });`;

/** Options for a person whose worker tells everything; Chromium only, whose driver may change a script on its way. */
export async function tellingAll() {
  const spy = await readFile(new URL('../pages/needles.js', import.meta.url), 'utf8');
  return {
    before: KEEPER,
    prepare: (page) =>
      page.route('**/assets/worker-*.js', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${spy}\n${await response.text()}` });
      }),
  };
}

/** All that people's browsers have told so far, as bytes by kind: `picture`, `sound`, `key` and, for the control, `sealed`. */
export async function needlesOf(people) {
  const told = (await Promise.all(people.map(({ page }) => page.evaluate(() => window.needles)))).flat();
  const of = (wanted) => {
    const bytes = told.filter(({ kind }) => kind === wanted).map(({ hex }) => Buffer.from(hex, 'hex'));
    const needles = distinct(bytes.map((all) => stretch(wanted, all)).filter(Boolean));
    // of what was sealed, the last: the server keeps some to send it again, and not for long
    return wanted === 'sealed' ? needles.slice(-NEEDLES_A_KIND) : spread(needles);
  };
  return Object.fromEntries(['picture', 'sound', 'key', 'sealed'].map((kind) => [kind, of(kind)]));
}

/** All frames that a person's browser has sealed so far. */
export async function sealedBy({ page }) {
  const told = await page.evaluate(() => window.needles.filter(({ kind }) => kind === 'sealed'));
  return distinct(told.map(({ hex }) => stretch('sealed', Buffer.from(hex, 'hex'))).filter(Boolean));
}

/** A key is looked for whole; of a frame, a stretch that is in one packet. */
function stretch(kind, bytes) {
  if (kind === 'key') return bytes;
  const needle = bytes.subarray(SKIPPED_BYTES, SKIPPED_BYTES + NEEDLE_BYTES);
  const telling = needle.length === NEEDLE_BYTES && new Set(needle).size >= LEAST_DISTINCT_BYTES;
  return telling ? needle : undefined;
}

function distinct(needles) {
  return [...new Map(needles.map((needle) => [needle.toString('hex'), needle])).values()];
}

function spread(needles) {
  const step = Math.max(1, needles.length / NEEDLES_A_KIND);
  return Array.from({ length: Math.min(needles.length, NEEDLES_A_KIND) }, (_, at) => needles[Math.floor(at * step)]);
}

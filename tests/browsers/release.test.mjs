// Whether a server sends the pages of a release can be found out, by a command and by two people who compare.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Call, inCall } from './harness/call.mjs';
import { BINARY } from './harness/demo.mjs';
import { Liar } from './harness/liar.mjs';

const MANIFEST = fileURLToPath(new URL('../../web/app/dist/manifest.sha256', import.meta.url));

const call = new Call();
after(() => call.close());

inCall('a server that sends the pages of this build passes, and one that changes a byte of them does not', call, async () => {
  const passed = await verify(call.demo.base);
  assert.deepEqual([passed.code, passed.stdout.includes('sends the pages of this release')], [0, true], passed.stdout);
  const liar = await Liar.before(call.demo, { page: (body) => body.replace('</body>', '<script src="/assets/evil.js"></script></body>') });
  call.later(() => liar.close());
  const { code, stdout } = await verify(new URL(liar.carry(call.demo.client)).origin);
  assert.equal(code, 1);
  assert.match(stdout, /^differs {4}\/j\/[\w-]{22}$/m);
  assert.match(stdout, /^unknown {4}\/ loads \/assets\/evil.js$/m);
});

for (const browser of ['chromium', 'firefox']) {
  inCall(`${browser}: a page says what the server can see, and the number of its files`, call, async () => {
    const hash = createHash('sha256').update(await readFile(MANIFEST)).digest('hex').slice(0, 32);
    const person = await call.visit(browser, `${call.demo.origin}/privacy`, { id: 3 });
    await person.reads('It can’t see or hear the session');
    await person.reads(hash.match(/.{4}/g).join(' '));
    assert.deepEqual(person.faults, []);
  });
}

/** Runs the command; of the same build as the server. */
async function verify(url) {
  try {
    return { code: 0, ...(await promisify(execFile)(BINARY, ['verify-client', url])) };
  } catch ({ code, stdout }) {
    return { code, stdout };
  }
}

// Debian's simple-whip-client: GStreamer's WebRTC stack behind an own WHIP client.
//
// Owns: how it is started. Never does: choose what it publishes.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Child, run } from './process.mjs';

const PROGRAM = process.env.WHIP_CLIENT ?? '/usr/bin/whip-client';
const STAND_IN = fileURLToPath(new URL('no-upnp.c', import.meta.url));

/** Starts the client with two GStreamer pipelines; `end` ends it as Ctrl-C does, with a DELETE of its session. */
export async function startWhipClient({ url, token, audio, video }) {
  const folder = await mkdtemp(join(tmpdir(), 'rapport-whip-client-'));
  const library = 'libgupnp-igd-1.0.so.4';
  await run('cc', ['-shared', '-fPIC', `-Wl,-soname,${library}`, '-o', join(folder, library), STAND_IN]);
  const env = { ...process.env, LD_LIBRARY_PATH: folder };
  const client = new Child(PROGRAM, ['-u', url, '-t', token, '-A', audio, '-V', video, '-o'], { env });
  return {
    log: () => client.log(),
    end: async () => {
      const outcome = await client.end('SIGINT');
      await rm(folder, { recursive: true, force: true });
      return outcome;
    },
  };
}

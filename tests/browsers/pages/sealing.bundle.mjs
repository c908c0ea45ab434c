// The sealing page as a browser gets it: bundled, its worker a file of its own.
//
// Owns: one build in memory and an HTTP server on loopback for it. Never does: write to disk.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { close, listen } from '../harness/pages.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

/** Builds with the bundler that the pages of the product are built with. */
export async function serveSealing() {
  const files = await bundle();
  const server = createServer(({ url }, response) => {
    const body = files.get(new URL(url, 'http://localhost').pathname);
    if (body === undefined) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': TYPES[extname(url)], 'Cache-Control': 'no-store' }).end(body);
  });
  await listen(server);
  return { url: `http://127.0.0.1:${server.address().port}/sealing.html`, close: () => close(server) };
}

async function bundle() {
  const { build } = await import(bundler());
  const { output } = await build({
    configFile: false,
    logLevel: 'warn',
    root: fileURLToPath(new URL('.', import.meta.url)),
    worker: { format: 'es' },
    build: { write: false, target: 'es2023', rollupOptions: { input: fileURLToPath(new URL('sealing.html', import.meta.url)) } },
  });
  return new Map(output.map(({ fileName, code, source }) => [`/${fileName}`, code ?? source]));
}

/** It is installed beside the client library, not here. */
function bundler() {
  const require = createRequire(new URL('../../../web/package.json', import.meta.url));
  return pathToFileURL(require.resolve('vite')).href;
}

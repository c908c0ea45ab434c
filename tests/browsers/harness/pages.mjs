// Serves the pages to the browsers.
//
// Owns: one HTTP server on loopback. Never does: serve anything outside the folders it names.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);
const FOLDERS = ['pages/', 'node_modules/whip-whep/'];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

/** The modules of a client that others wrote, as the pages import them. */
export const LIBRARY = { whip: '/node_modules/whip-whep/whip.js', whep: '/node_modules/whip-whep/whep.js' };

export async function servePages() {
  const server = createServer(respond);
  await listen(server);
  return {
    url: `http://127.0.0.1:${server.address().port}/pages/index.html`,
    close: () => close(server),
  };
}

export function listen(server) {
  return new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
}

export function close(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

async function respond(request, response) {
  const path = new URL(request.url, 'http://localhost').pathname.slice(1);
  const type = TYPES[extname(path)];
  if (!type || !FOLDERS.some((folder) => path.startsWith(folder))) return response.writeHead(404).end();
  try {
    const body = await readFile(fileURLToPath(new URL(path, ROOT)));
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}

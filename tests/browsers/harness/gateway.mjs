// An HTTP proxy before the server that edits what passes: a client behind it stays a plain, standard client.
//
// Owns: one HTTP server on loopback. Never does: change anything but the bodies it was asked to edit.

import { createServer } from 'node:http';

import { close, listen } from './pages.mjs';

/** Named by one connection only (RFC 9110 §7.6.1), or made anew by the next. */
const HOP_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'content-encoding'];

/** For pages of any origin, where the server behind would not have them. */
const OPEN = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*, authorization',
  'access-control-allow-methods': '*',
  'access-control-expose-headers': '*',
};

/**
 * `editOffer` sees bodies on their way to the server, `editAnswer` those that come back; `open` lets pages of any
 * origin in.
 */
export async function openGateway(base, { editOffer = same, editAnswer = same, open = false }) {
  const server = createServer(async (request, response) => {
    if (open) Object.entries(OPEN).forEach(([name, value]) => response.setHeader(name, value));
    if (open && request.method === 'OPTIONS') return response.writeHead(204).end();
    try {
      await pass(base, request, response, editOffer, editAnswer);
    } catch (error) {
      response.writeHead(502).end(String(error));
    }
  });
  await listen(server);
  return { base: `http://127.0.0.1:${server.address().port}`, close: () => close(server) };
}

async function pass(base, request, response, editOffer, editAnswer) {
  const body = Buffer.concat(await request.toArray()).toString();
  const answer = await fetch(new URL(request.url, base), {
    method: request.method,
    headers: without(HOP_HEADERS, Object.entries(request.headers)),
    body: body ? editOffer(body) : undefined,
    redirect: 'manual',
  });
  const text = await answer.text();
  const headers = without(HOP_HEADERS, [...answer.headers]);
  // a session that the server names in full would lead past this gateway
  headers.location = headers.location?.replace(base, '');
  if (headers.location === undefined) delete headers.location;
  response.writeHead(answer.status, headers).end(answer.ok ? editAnswer(text) : text);
}

function without(names, headers) {
  return Object.fromEntries(headers.filter(([name]) => !names.includes(name.toLowerCase())));
}

function same(text) {
  return text;
}

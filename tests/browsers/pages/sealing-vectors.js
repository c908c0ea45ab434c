// The test vectors of RFC 9605, against the code as it is in the browser's bundle.
//
// Owns: the comparison. Never does: judge it; the numbers go to the test.

import {
  AES_128_GCM_SHA256_128,
  AES_256_GCM_SHA512_128,
  decodeHeader,
  encodeHeader,
  SframeKey,
} from '../../../web/client/src/sealing/sframe.ts';
import vectors from '../../../web/client/src/sealing/vectors/sframe.json';

/** How many of which vectors hold, in both directions. */
export async function checkVectors() {
  const frames = await Promise.all(vectors.sframe.map(frameHolds));
  return { header: vectors.header.filter(headerHolds).length, sframe: frames.filter(Boolean).length };
}

function headerHolds({ kid, ctr, encoded }) {
  const decoded = decodeHeader(fromHex(encoded));
  return toHex(encodeHeader(BigInt(kid), BigInt(ctr))) === encoded && decoded.kid === BigInt(kid) && decoded.counter === BigInt(ctr);
}

async function frameHolds(vector) {
  const suite = [AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128].find(({ id }) => id === vector.cipher_suite);
  const [kid, counter] = [BigInt(vector.kid), BigInt(vector.ctr)];
  const key = await SframeKey.import(kid, fromHex(vector.base_key), suite);
  const header = encodeHeader(kid, counter);
  const metadata = fromHex(vector.metadata);
  const sealed = await key.seal(header, counter, metadata, fromHex(vector.pt));
  const opened = await key.open(header, counter, metadata, sealed);
  return toHex(header) + toHex(sealed) === vector.ct && toHex(opened) === vector.pt;
}

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

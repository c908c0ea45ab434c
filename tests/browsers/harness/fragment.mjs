// What stands behind the `#` of a link, as a therapist's client makes it (SK-1.md, section 5): for links with secrets
// that no server has ever had.
//
// Owns: the two forms, and the words of a clinic. Never does: read one.

import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

const WORDS = new URL('../../../keys/src/words/english.txt', import.meta.url);
const KIT_WORDS = 25;

/** RFC 8410 §7: what stands before the seed of an Ed25519 key. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** For a guest. */
export function guestFragment(secret, rootSeed) {
  return withCheck(Buffer.concat([Buffer.of(1), secret, rootHash(rootSeed)]));
}

/** For the host of a demonstration, who makes a certificate with it. */
export function hostFragment(secret, rootSeed) {
  return withCheck(Buffer.concat([Buffer.of(2), secret, rootSeed]));
}

/** A link with another fragment. */
export function withFragment(link, fragment) {
  return `${link.split('#')[0]}#${fragment}`;
}

/** The secret of a link that another program made. */
export function secretOf(link) {
  return Buffer.from(link.split('#')[1], 'base64url').subarray(1, 17);
}

export function seedOf(hostLink) {
  return Buffer.from(hostLink.split('#')[1], 'base64url').subarray(17, 49);
}

/** The recovery kit of a clinic: its root's seed and 19 bits to check, in words (SK-1.md, section 4). */
export function kitOf(seed) {
  const bytes = Buffer.concat([seed, hash('kit', seed).subarray(0, 3)]);
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const list = readFileSync(WORDS, 'utf8').trim().split('\n');
  return Array.from({ length: KIT_WORDS }, (_, at) => list[Number.parseInt(bits.slice(at * 11, at * 11 + 11), 2)]);
}

function withCheck(body) {
  return Buffer.concat([body, hash('link check', body).subarray(0, 4)]).toString('base64url');
}

function rootHash(seed) {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return hash('root', Buffer.from(x, 'base64url')).subarray(0, 16);
}

function hash(label, bytes) {
  return createHash('sha256').update(`rapport/sk1 ${label}\0`).update(bytes).digest();
}

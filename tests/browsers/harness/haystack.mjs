// The places where a server could hold something.
//
// Owns: reading all of each. Never does: know what is looked for.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Read at once; stretches overlap by more than the longest needle, so that none is cut in two. */
const CHUNK_BYTES = 64 << 20;
const OVERLAP_BYTES = 4096;

/** Every byte that a process has in memory, in pieces. Only a parent, or root, may read it. */
export function* memoryOf(pid) {
  const file = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const [begin, end] of regions(pid)) yield* piecesOf(file, begin, end);
  } finally {
    closeSync(file);
  }
}

function regions(pid) {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n');
  // the kernel's own pages are listed, too, and not readable
  const readable = lines.filter((line) => / r/.test(line) && !/\[(vvar|vvar_vclock|vsyscall)\]/.test(line));
  return readable.map((line) => line.split(' ', 1)[0].split('-').map((hex) => BigInt(`0x${hex}`)));
}

function* piecesOf(file, begin, end) {
  for (let at = begin; at < end; at += BigInt(CHUNK_BYTES - OVERLAP_BYTES)) {
    const length = Number(end - at < CHUNK_BYTES ? end - at : BigInt(CHUNK_BYTES));
    const piece = Buffer.alloc(length);
    const read = readOrNothing(file, piece, at);
    if (read > 0) yield piece.subarray(0, read);
  }
}

/** A region may be gone since the list was read; whatever went was not held. */
function readOrNothing(file, piece, at) {
  try {
    return readSync(file, piece, 0, piece.length, at);
  } catch (error) {
    if (error.code === 'EIO' || error.code === 'EFAULT') return 0;
    throw error;
  }
}

/** Every file below a folder. */
export async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map((entry) => readFile(join(entry.parentPath ?? entry.path, entry.name))));
}

/** Which of the needles are in there. */
export function found(needles, pieces) {
  const left = new Set(needles);
  for (const piece of pieces) {
    for (const needle of left) if (piece.includes(needle)) left.delete(needle);
  }
  return needles.filter((needle) => !left.has(needle));
}

/** A key as a program, a log or a file would hold it. */
export function spellings(key) {
  return [key, ...['hex', 'base64url', 'base64'].map((form) => Buffer.from(key.toString(form).replace(/=+$/, '')))];
}

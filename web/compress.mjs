// Makes the compressed forms of built pages, once, so that the server compresses nothing.
//
// usage: node compress.mjs FOLDER
// Owns: which files have a `.br` and a `.gz` beside them. Never does: change a file.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** Pictures and fonts are compressed by their own formats. */
const TEXT = new Set([".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".txt", ".wasm"]);

/** Below this a form saves less than a packet. */
const LEAST_BYTES = 1024;

const FORMS = {
  ".br": (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  ".gz": (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

/** Returns how many forms it has written. Forms of an earlier build go first. */
export async function compressPages(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (!files.includes(join(folder, "index.html"))) throw new Error(`${folder} has no index.html`);
  const isForm = (file) => extname(file) in FORMS;
  await Promise.all(files.filter(isForm).map((file) => rm(file)));
  const plain = files.filter((file) => TEXT.has(extname(file)));
  const written = await Promise.all(plain.map(compressFile));
  return written.flat().filter(Boolean).length;
}

async function compressFile(file) {
  const bytes = await readFile(file);
  if (bytes.length < LEAST_BYTES) return [];
  return Promise.all(
    Object.entries(FORMS).map(async ([suffix, compress]) => {
      const compressed = await compress(bytes);
      if (compressed.length >= bytes.length) return false;
      await writeFile(file + suffix, compressed);
      return true;
    }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder] = process.argv.slice(2);
  console.log(`${folder}: ${await compressPages(folder)} compressed forms`);
}

// Names every file of built pages with its hash, so that what a server sends can be compared with a release.
//
// usage: node manifest.mjs FOLDER
// Owns: `manifest.sha256`, in the form of `sha256sum`. Never does: change another file.

import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

const NAME = "manifest.sha256";

/** Returns how many files it has named: all there are, compressed forms too, since a server sends those to browsers. */
export async function writeManifest(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const names = files
    .map((file) => relative(folder, file).split(sep).join("/"))
    .filter((name) => name !== NAME);
  // by code points, which no locale changes
  const lines = await Promise.all(names.sort(byCodePoints).map(async (name) => lineOf(folder, name)));
  await writeFile(join(folder, NAME), lines.join(""));
  return lines.length;
}

async function lineOf(folder, name) {
  const hash = createHash("sha256").update(await readFile(join(folder, name)));
  return `${hash.digest("hex")}  ${name}\n`;
}

function byCodePoints(one, other) {
  return one < other ? -1 : Number(one > other);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder] = process.argv.slice(2);
  console.log(`${folder}: ${await writeManifest(folder)} files in ${NAME}`);
}

// The compressed forms of pages: which there are, and that they are the same pages.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach, beforeEach, test } from "vitest";

import { compressPages } from "./compress.mjs";

const LONG = "let answer = 42;\n".repeat(200);

let folder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rapport-pages-"));
  await mkdir(join(folder, "assets"));
  await put("index.html", "<!doctype html>");
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name, content) => writeFile(join(folder, name), content);
const names = async () =>
  (await readdir(folder, { recursive: true })).filter((name) => name.includes(".")).sort();

test("a script has both forms, and both are the script", async () => {
  await put("assets/main-B1.js", LONG);
  assert.equal(await compressPages(folder), 2);
  const read = (suffix) => readFile(join(folder, `assets/main-B1.js${suffix}`));
  assert.equal(brotliDecompressSync(await read(".br")).toString(), LONG);
  assert.equal(gunzipSync(await read(".gz")).toString(), LONG);
  assert.equal((await read("")).toString(), LONG);
});

test("what is short, or compressed by itself, has none", async () => {
  await put("assets/short-B1.js", "let x;");
  await put("assets/face-B1.woff2", LONG);
  assert.equal(await compressPages(folder), 0);
  assert.deepEqual(await names(), ["assets/face-B1.woff2", "assets/short-B1.js", "index.html"]);
});

test("a form that would be larger is not kept", async () => {
  await put("assets/noise-B1.json", crypto.getRandomValues(new Uint8Array(4096)));
  assert.equal(await compressPages(folder), 0);
});

test("a form of an earlier build does not outlive its file", async () => {
  await put("assets/main-A0.js.br", "old");
  await put("index.html.gz", "old");
  await compressPages(folder);
  assert.deepEqual(await names(), ["index.html"]);
});

test("a folder without pages is a failed build", async () => {
  await rm(join(folder, "index.html"));
  await assert.rejects(compressPages(folder), /no index\.html/);
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync, spawnSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";

import { writeManifest } from "./manifest.mjs";

let folder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rapport-manifest-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), "page");
  await writeFile(join(folder, "assets/b.js"), "b");
  await writeFile(join(folder, "assets/B.js.br"), "compressed");
});
afterEach(() => rm(folder, { recursive: true }));

test("names every file but itself, in one order, so that sha256sum agrees", async () => {
  expect(await writeManifest(folder)).toBe(3);
  const first = await readFile(join(folder, "manifest.sha256"), "utf8");
  expect(first.split("\n").map((line) => line.slice(66))).toEqual([
    "assets/B.js.br",
    "assets/b.js",
    "index.html",
    "",
  ]);
  expect(await writeManifest(folder)).toBe(3);
  expect(await readFile(join(folder, "manifest.sha256"), "utf8")).toBe(first);
  execFileSync("sha256sum", ["--check", "--quiet", "manifest.sha256"], { cwd: folder });
});

test("a byte that changed is found by sha256sum", async () => {
  await writeManifest(folder);
  await writeFile(join(folder, "index.html"), "pagf");
  const checked = spawnSync("sha256sum", ["--check", "--quiet", "manifest.sha256"], { cwd: folder });
  expect(checked.status).not.toBe(0);
  expect(String(checked.stdout)).toBe("index.html: FAILED\n");
});

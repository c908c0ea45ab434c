// Makes `dist`, the package that others install: `npm pack ./dist`.
//
// Owns: that folder. Never does: bundle; whoever uses the package has a bundler, which also finds the worker.

import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(here("dist"), { recursive: true, force: true });
execFileSync("npx", ["tsc", "-p", "tsconfig.build.json"], { cwd: here("."), stdio: "inherit" });

// The compiler names modules anew, but neither in declarations nor the file that a worker is made of.
for (const file of declarations()) {
  edit(file, (text) => text.replaceAll(/(from |import\()"(\.[^"]+)\.ts"/g, '$1"$2.js"'));
}
for (const file of ["dist/sealing/sealer.js", "dist/review/review.js"])
  edit(file, (text) => text.replace('new URL("./worker.ts"', 'new URL("./worker.js"'), true);

const { name, version, description, license, type, sideEffects } = JSON.parse(read("package.json"));
const entry = { types: "./index.d.ts", default: "./index.js" };
const published = {
  name,
  version,
  description,
  license,
  type,
  sideEffects,
  exports: { ".": entry },
  types: entry.types,
};
writeFileSync(here("dist/package.json"), `${JSON.stringify(published, null, 2)}\n`);
for (const file of ["LICENSE-MIT", "LICENSE-APACHE"])
  copyFileSync(here(`../../${file}`), here(`dist/${file}`));
copyFileSync(here("README.md"), here("dist/README.md"));

function declarations() {
  const files = readdirSync(here("dist"), { recursive: true });
  return files.filter((file) => file.endsWith(".d.ts")).map((file) => `dist/${file}`);
}

function read(file) {
  return readFileSync(here(file), "utf8");
}

function edit(file, change, mustChange = false) {
  const [before, after] = [read(file), change(read(file))];
  if (mustChange && before === after) throw new Error(`${file} is not as this build expects it`);
  writeFileSync(here(file), after);
}

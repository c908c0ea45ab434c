// Says what the first view and the call weigh, and fails above the budget of the first view.
//
// Owns: the budget. Never does: change what was built.

import { readFileSync, readdirSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** Compressed script of the first view in bytes: one second on a mid-range phone at 3 Mbit/s, with time to run. */
const BUDGET = 150_000;

const dist = new URL("./dist/", import.meta.url);
const html = readFileSync(new URL("index.html", dist), "utf8");
const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]);

const rows = readdirSync(new URL("assets/", dist))
  .filter((name) => /\.(js|css)$/.test(name))
  .map((name) => {
    const bytes = readFileSync(new URL(`assets/${name}`, dist));
    return {
      name,
      first: first.includes(`assets/${name}`),
      plain: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
      brotli: brotliCompressSync(bytes).length,
    };
  });

for (const row of rows) {
  console.log(
    `${row.first ? "*" : " "} ${row.name}: ${row.plain} B, gzip ${row.gzip} B, brotli ${row.brotli} B`,
  );
}
// A worker without a byte is one whose code was taken for dead: nothing would be sealed.
const empty = rows.filter((row) => row.plain === 0);
for (const row of empty) console.error(`${row.name} is empty`);
const total = rows.filter((row) => row.first).reduce((sum, row) => sum + row.gzip, 0);
console.log(`script of the first view (*): ${total} B gzip of ${BUDGET} B`);
if (empty.length > 0 || first.length === 0 || total > BUDGET) process.exit(1);

import { expect, it } from "vitest";
import { filesOf } from "./files";

const HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));

it("reads a list, and gives it the number that sha256sum would", async () => {
  const files = await filesOf(bytes(`${HASH}  assets/main.js\n${HASH}  index.html\n`));
  expect(files?.entries).toEqual([
    { hash: HASH, name: "assets/main.js" },
    { hash: HASH, name: "index.html" },
  ]);
  // printf '…' | sha256sum
  expect(files?.number).toBe("c7b1 5473 5daa 874f e055 63da 2f0b ba1e");
});

it("takes nothing else for a list", async () => {
  for (const text of ["", "<!doctype html>", `${HASH} one-blank`, `${HASH.slice(1)}  short`])
    expect(await filesOf(bytes(text))).toBeUndefined();
});

import { expect, test } from "vitest";

import { toHex } from "./hex.testkit.ts";
import { deriveSenderKey, senderKid, senderOf } from "./keys.ts";

const SECRET = new Uint8Array(16).fill(1);
const SALT = new Uint8Array(16).fill(2);

test("a key id holds its three parts, unsigned", () => {
  expect(senderKid(1)).toBe(0x0010_0000);
  expect(senderKid(4095, 4095, 255)).toBe(0xffff_ffff);
  expect(senderKid(2, 3, 4)).toBe(0x0020_0304);
  expect(senderOf(0xffff_ffff)).toBe(4095);
  expect(senderOf(senderKid(7, 4095, 255))).toBe(7);
});

test.each([[0], [4096], [1.5], [1, 4096], [1, 0, 256], [-1]])("no key id of %j", (...parts) => {
  expect(() => senderKid(...(parts as [number, number?, number?]))).toThrow(RangeError);
});

test("each of secret, salt, room and key id makes another key", async () => {
  const keys = await Promise.all([
    deriveSenderKey(SECRET, SALT, "room", senderKid(1)),
    deriveSenderKey(SALT, SALT, "room", senderKid(1)),
    deriveSenderKey(SECRET, SECRET, "room", senderKid(1)),
    deriveSenderKey(SECRET, SALT, "moor", senderKid(1)),
    deriveSenderKey(SECRET, SALT, "room", senderKid(2)),
  ]);
  expect(keys.every(({ baseKey }) => baseKey.length === 32)).toBe(true);
  expect(new Set(keys.map(({ baseKey }) => toHex(baseKey))).size).toBe(keys.length);
});

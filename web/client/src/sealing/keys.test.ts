import { expect, test } from "vitest";

import { senderKid, senderOf } from "./keys.ts";

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

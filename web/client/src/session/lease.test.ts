import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Lease } from "./lease.ts";

const said: string[] = [];
let lease: Lease;

beforeEach(() => {
  vi.useFakeTimers();
  said.length = 0;
  lease = new Lease((body) => said.push(body.type === "lease" ? body.recording : body.type));
});

afterEach(() => {
  lease.keep(undefined);
  vi.useRealTimers();
});

it("is said at once and every two seconds, however often it is wished", () => {
  lease.keep("a");
  lease.keep("a");
  vi.advanceTimersByTime(4100);
  expect(said).toEqual(["a", "a", "a"]);
});

it("ends at once, and goes over to another recording", () => {
  lease.keep("a");
  lease.keep(undefined);
  vi.advanceTimersByTime(10_000);
  lease.keep("b");
  expect(said).toEqual(["a", "b"]);
});

it("is not brought back for what was refused", () => {
  lease.keep("a");
  lease.refuse("a");
  lease.keep("a");
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual(["a"]);
  lease.keep("b");
  lease.refuse("c");
  vi.advanceTimersByTime(2000);
  expect(said).toEqual(["a", "b", "b"]);
});

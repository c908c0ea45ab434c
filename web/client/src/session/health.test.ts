import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Health } from "./health.ts";

function watched() {
  const log: string[] = [];
  const health = new Health({
    restart: () => log.push("restart"),
    lost: (never) => log.push(never ? "never" : "lost"),
  });
  return { log, health };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("Health", () => {
  it("gives a new connection 15 s", () => {
    const { log, health } = watched();
    health.connection("connecting");
    vi.advanceTimersByTime(14_999);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(log).toEqual(["never"]);
  });

  it("does not wait for a new connection that has failed", () => {
    const { log, health } = watched();
    health.connection("failed");
    expect(log).toEqual(["never"]);
  });

  it("lets a short pause pass", () => {
    const { log, health } = watched();
    health.connection("connected");
    health.connection("disconnected");
    vi.advanceTimersByTime(900);
    health.connection("connected");
    vi.advanceTimersByTime(60_000);
    expect(log).toEqual([]);
  });

  it("restarts, and gives that 8 s", () => {
    const { log, health } = watched();
    health.connection("connected");
    health.connection("disconnected");
    vi.advanceTimersByTime(1000);
    expect(log).toEqual(["restart"]);
    vi.advanceTimersByTime(8000);
    expect(log).toEqual(["restart", "lost"]);
  });

  it("restarts at once what has failed, and is content when it is back", () => {
    const { log, health } = watched();
    health.connection("connected");
    health.connection("failed");
    health.connection("connected");
    vi.advanceTimersByTime(60_000);
    expect(log).toEqual(["restart"]);
  });

  it("waits for signaling, and then for nothing else", () => {
    const { log, health } = watched();
    health.connection("connected");
    health.signaling(false);
    health.connection("disconnected");
    vi.advanceTimersByTime(20_000);
    expect(log).toEqual([]);
    health.signaling(true);
    expect(log).toEqual(["restart"]);
  });

  it("leaves media alone when only signaling was lost", () => {
    const { log, health } = watched();
    health.connection("connected");
    health.signaling(false);
    health.signaling(true);
    vi.advanceTimersByTime(60_000);
    expect(log).toEqual([]);
  });

  it("looks for a new path on another network, and loses nothing if the old one still works", () => {
    const { log, health } = watched();
    health.connection("connected");
    health.networkChanged();
    vi.advanceTimersByTime(60_000);
    expect(log).toEqual(["restart"]);
    health.signaling(false);
    health.networkChanged();
    expect(log).toEqual(["restart"]);
    health.signaling(true);
    expect(log).toEqual(["restart", "restart"]);
  });

  it("is silent once closed", () => {
    const { log, health } = watched();
    health.close();
    vi.advanceTimersByTime(60_000);
    expect(log).toEqual([]);
  });
});

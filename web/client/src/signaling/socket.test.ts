import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Joining } from "./protocol.ts";
import { CallSocket, type CallSocketEvents } from "./socket.ts";

/** A WebSocket whose other end is the test. */
class FakeSocket extends EventTarget {
  static all: FakeSocket[] = [];
  static get last(): FakeSocket {
    const last = FakeSocket.all.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }
  readonly sent: unknown[] = [];
  closedWith: number | undefined;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    super();
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code = 1005): void {
    this.closedWith = code;
  }

  accept(): this {
    this.dispatchEvent(new Event("open"));
    return this;
  }

  say(message: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  lose(code = 1006, reason = ""): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

const snapshot = { you: 1, members: [], slots: [], room: { locked: false, records: false, recording: null } };
const joined = { type: "joined", session: "s", answer: "v=0", snapshot };
const joining: Joining = {
  token: "t",
  name: "n",
  sealing: { layout: 2, suite: 5 },
  media: { microphone: true, camera: true, screen: false },
  offer: "v=0",
  sources: [],
};

function call(first: Promise<Joining> = Promise.resolve(joining)) {
  const log: string[] = [];
  const events: CallSocketEvents = {
    joined: () => log.push("joined"),
    received: (body) => log.push(body.type),
    away: () => log.push("away"),
    back: () => log.push("back"),
    closed: ({ outcome }) => log.push(`closed ${outcome.then}`),
  };
  return { log, socket: new CallSocket("https://example.org", first, events) };
}

beforeEach(() => {
  FakeSocket.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  const target = new EventTarget();
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
  vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
  vi.stubGlobal("dispatchEvent", target.dispatchEvent.bind(target));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("CallSocket", () => {
  it("joins with the first message, and acknowledges within a second", async () => {
    const { log } = call();
    FakeSocket.last.accept();
    await vi.advanceTimersByTimeAsync(0);
    FakeSocket.last.say(joined);
    FakeSocket.last.say({ seq: 1, ack: 0, body: { type: "left", participant: 2 } });
    expect(FakeSocket.last.url).toBe("wss://example.org/api/v1/call");
    expect(FakeSocket.last.protocol).toBe("rapport.v1");
    expect(FakeSocket.last.sent).toEqual([{ type: "join", ...joining }]);
    vi.advanceTimersByTime(1000);
    expect(FakeSocket.last.sent.at(-1)).toEqual({ ack: 1 });
    expect(log).toEqual(["joined", "left"]);
  });

  it("opens its socket while the first message is being made", async () => {
    let made = (_: Joining) => {};
    const { socket } = call(new Promise((resolve) => (made = resolve)));
    FakeSocket.last.accept();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.last.sent).toEqual([]);
    made(joining);
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.last.sent).toEqual([{ type: "join", ...joining }]);
    socket.close();
  });

  it("says nothing when it was closed before the first message was made", async () => {
    const { socket, log } = call();
    FakeSocket.last.accept();
    socket.close();
    await vi.advanceTimersByTimeAsync(0);
    expect([FakeSocket.last.sent, log]).toEqual([[], []]);
  });

  it("resumes on a new socket, and says again what was not acknowledged", async () => {
    const { log, socket } = call();
    FakeSocket.last.accept();
    await vi.advanceTimersByTimeAsync(0);
    FakeSocket.last.say(joined);
    socket.send({ type: "hand", raised: true });
    FakeSocket.last.lose();
    socket.send({ type: "hand", raised: false });
    vi.advanceTimersByTime(0);
    FakeSocket.last.accept();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.last.sent).toEqual([{ type: "resume", session: "s", received: 0 }]);
    FakeSocket.last.say({ type: "resumed", received: 1 });
    expect(FakeSocket.last.sent.slice(1)).toEqual([
      { seq: 2, ack: 0, body: { type: "hand", raised: false } },
    ]);
    expect(log).toEqual(["joined", "away", "back"]);
  });

  it("keeps what is said before the welcome", () => {
    const { socket } = call();
    socket.send({ type: "hand", raised: true });
    FakeSocket.last.accept().say(joined);
    expect(FakeSocket.last.sent.at(-1)).toEqual({ seq: 1, ack: 0, body: { type: "hand", raised: true } });
  });

  it("takes a silent socket for a dead one", () => {
    const { log } = call();
    FakeSocket.last.accept().say(joined);
    vi.advanceTimersByTime(29_000);
    expect(log).toEqual(["joined"]);
    vi.advanceTimersByTime(1000);
    expect(log).toEqual(["joined", "away"]);
  });

  it("tries for 30 seconds, then asks to join anew", () => {
    const { log } = call();
    FakeSocket.last.accept().say(joined);
    FakeSocket.last.lose();
    for (let second = 0; second < 40; second++) {
      const tried = FakeSocket.all.length;
      vi.advanceTimersByTime(1000);
      if (FakeSocket.all.length > tried) FakeSocket.last.lose();
    }
    expect(log).toEqual(["joined", "away", "closed rejoin"]);
    // At 0, 0.5, 1.5, 3.5, 7.5 … 31.5 s, after the one by which it joined.
    expect(FakeSocket.all.length).toBeGreaterThan(8);
    expect(FakeSocket.all.length).toBeLessThan(14);
  });

  it("waits ever longer for sockets that do not last, and gives up after 30 seconds", () => {
    const { log } = call();
    FakeSocket.last.accept().say(joined);
    FakeSocket.last.lose();
    const triedAt: number[] = [];
    for (let half = 0; half < 80 && log.at(-1) !== "closed rejoin"; half++) {
      const tried = FakeSocket.all.length;
      vi.advanceTimersByTime(half === 0 ? 0 : 500);
      if (FakeSocket.all.length === tried) continue;
      triedAt.push(half * 500);
      FakeSocket.last.accept().say({ type: "resumed", received: 0 });
      FakeSocket.last.lose();
    }
    expect(triedAt.slice(0, 6)).toEqual([0, 500, 1500, 3500, 7500, 11_500]);
    expect(log.at(-1)).toBe("closed rejoin");
  });

  it("begins anew after a socket that lasted", () => {
    const { log } = call();
    FakeSocket.last.accept().say(joined);
    for (let loss = 0; loss < 5; loss++) {
      FakeSocket.last.lose();
      const tried = FakeSocket.all.length;
      vi.advanceTimersByTime(0);
      expect(FakeSocket.all.length).toBe(tried + 1);
      FakeSocket.last.accept().say({ type: "resumed", received: 0 });
      vi.advanceTimersByTime(10_000);
    }
    expect(log.filter((entry) => entry === "back")).toHaveLength(5);
  });

  it("tries at once when the network returns", () => {
    const { log } = call();
    FakeSocket.last.accept().say(joined);
    dispatchEvent(new Event("online"));
    expect(log).toEqual(["joined", "away"]);
    vi.advanceTimersByTime(0);
    FakeSocket.last.lose(); // the next try is in half a second
    const tried = FakeSocket.all.length;
    dispatchEvent(new Event("online"));
    expect(FakeSocket.all.length).toBe(tried + 1);
  });

  it("hands on why the server closed it, and nothing after that", () => {
    const { log, socket } = call();
    FakeSocket.last.accept().say(joined);
    FakeSocket.last.lose(4412, "removed");
    expect(log).toEqual(["joined", "closed end"]);
    expect(socket.send({ type: "leave" })).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all.length).toBe(1);
  });

  it.each([
    ["a gap", { seq: 2, ack: 0, body: { type: "left", participant: 2 } }],
    ["an impossible acknowledgement", { ack: 7 }],
    ["no message", []],
  ])("ends at %s", (_, message) => {
    const { log } = call();
    const socket = FakeSocket.last.accept();
    socket.say(joined);
    socket.say(message);
    expect(log).toEqual(["joined", "closed end"]);
    expect(socket.closedWith).toBe(4400);
  });

  it("waits ten seconds for a welcome", () => {
    const { log } = call();
    FakeSocket.last.accept();
    vi.advanceTimersByTime(10_000);
    expect(log).toEqual(["closed rejoin"]);
  });
});

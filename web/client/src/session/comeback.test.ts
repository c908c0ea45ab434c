import { describe, expect, it } from "vitest";

import { Comeback } from "./comeback.ts";

const gone = { then: "rejoin", otherwise: "server_gone" } as const;
const blocked = { then: "rejoin", otherwise: "media_blocked" } as const;
const unauthorized = { then: "renew", otherwise: "refused" } as const;

describe("Comeback", () => {
  it("tries at once, then ever less often, but every four seconds at least", () => {
    const comeback = new Comeback(0);
    const waits = Array.from({ length: 7 }, () => comeback.next(gone, 0, false));
    expect(waits.map((step) => step.then === "join" && step.afterMs)).toEqual([
      0, 500, 1000, 2000, 4000, 4000, 4000,
    ]);
  });

  it("gives up at the door after 20 s", () => {
    const comeback = new Comeback(0);
    expect(comeback.next(gone, 20_000, false).then).toBe("join");
    expect(comeback.next(gone, 20_001, false)).toEqual({ then: "end", code: "server_gone" });
  });

  it("waits five minutes for a call that was", () => {
    const comeback = new Comeback(0);
    comeback.live();
    comeback.lost(1_000_000);
    expect(comeback.next(gone, 1_300_000, false).then).toBe("join");
    expect(comeback.next(gone, 1_300_001, false)).toEqual({ then: "end", code: "server_gone" });
  });

  it("begins anew once all is well", () => {
    const comeback = new Comeback(0);
    comeback.next(gone, 0, false);
    comeback.next(gone, 0, false);
    comeback.live();
    comeback.lost(60_000);
    expect(comeback.next(gone, 60_000, false)).toEqual({ then: "join", afterMs: 0, renew: false });
  });

  it("says that media is blocked: at once where it never came, at the second try where it was", () => {
    expect(new Comeback(0).next(blocked, 0, false)).toEqual({ then: "end", code: "media_blocked" });
    const comeback = new Comeback(0);
    comeback.live();
    expect(comeback.next(blocked, 0, false).then).toBe("join");
    expect(comeback.next(blocked, 0, false)).toEqual({ then: "end", code: "media_blocked" });
  });

  it("renews a token once", () => {
    const comeback = new Comeback(0);
    expect(comeback.next(unauthorized, 0, true)).toEqual({ then: "join", afterMs: 0, renew: true });
    expect(comeback.next(unauthorized, 0, true)).toEqual({ then: "end", code: "refused" });
    expect(new Comeback(0).next(unauthorized, 0, false)).toEqual({ then: "end", code: "refused" });
  });

  it("ends where there is no way back", () => {
    expect(new Comeback(0).next({ then: "end", code: "removed" }, 0, true)).toEqual({
      then: "end",
      code: "removed",
    });
  });
});

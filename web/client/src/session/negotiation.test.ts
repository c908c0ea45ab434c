import { describe, expect, it } from "vitest";

import { Negotiation } from "./negotiation.ts";

/** A transport and a server that only write down what happens. */
function negotiating() {
  const log: string[] = [];
  let number = 0;
  const transport = {
    offer: async (iceRestart = false) => {
      log.push(iceRestart ? "restart" : "offer");
      return { sdp: "o", sources: [] };
    },
    accept: async (answer: string) => void log.push(`accept ${answer}`),
    rollback: async () => void log.push("rollback"),
  };
  const negotiation = new Negotiation(transport, (body) => {
    log.push(`send ${body.type} ${++number}`);
    return number;
  });
  return { log, negotiation };
}

const answer = (to: number) => ({ type: "answer" as const, to, sdp: `a${to}`, slots: [] });
const failed = (to: number) => ({ type: "failed", to, code: "limit", detail: "" }) as const;
/** Until nothing is left that could run by itself. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("Negotiation", () => {
  it("offers one after the other, and only once it is in", async () => {
    const { log, negotiation } = negotiating();
    const one = negotiation.run(() => log.push("change 1"));
    const other = negotiation.run(() => log.push("change 2"), true);
    await settled();
    expect(log).toEqual([]);
    await negotiation.joined("a0");
    await settled();
    expect(log).toEqual(["accept a0", "change 1", "offer", "send offer 1"]);
    negotiation.settle(answer(1));
    expect(await one).toBe(true);
    await settled();
    expect(log.slice(4)).toEqual(["accept a1", "change 2", "restart", "send offer 2"]);
    negotiation.settle(answer(2));
    expect(await other).toBe(true);
  });

  it("takes back what was refused", async () => {
    const { log, negotiation } = negotiating();
    await negotiation.joined("a0");
    const run = negotiation.run(() => undefined);
    await settled();
    negotiation.settle(failed(1));
    expect(await run).toBe(false);
    expect(log.at(-1)).toBe("rollback");
  });

  it("ignores words on other requests", async () => {
    const { log, negotiation } = negotiating();
    await negotiation.joined("a0");
    void negotiation.run(() => undefined);
    await settled();
    negotiation.settle(failed(7));
    await settled();
    expect(log.at(-1)).toBe("send offer 1");
  });

  it("leaves nobody waiting when it is closed", async () => {
    const { negotiation } = negotiating();
    const run = negotiation.run(() => undefined);
    negotiation.close();
    await expect(run).rejects.toThrow("over");
  });
});

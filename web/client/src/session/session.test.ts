import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { ClientBody } from "../signaling/protocol.ts";
import type { Device } from "../keys/device.ts";
import { Store } from "../keys/store.ts";
import { Session } from "./session.ts";

const said: ClientBody[] = [];
let closed = 0;

vi.mock("../sealing/index.ts", async (original) => ({ ...(await original()), canSeal: () => true }));
vi.mock("./presence.ts", () => ({
  Presence: class {
    live = true;
    roster = undefined;
    say(body: ClientBody): number {
      return said.push(body);
    }
    close(): void {
      closed += 1;
    }
  },
}));

beforeEach(() => {
  said.length = 0;
  closed = 0;
  vi.stubGlobal("location", { origin: "https://host" });
  vi.stubGlobal("document", new EventTarget());
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
});

afterEach(() => vi.unstubAllGlobals());

const identity = { store: await Store.open(undefined), device: {} as Device, contacts: [] };
const join = () => Session.join({ token: "t", room: "r", identity, name: "Kim" });

it("says that it leaves, and nothing when it gives an attempt up", async () => {
  const session = join();
  session.leave();
  await vi.waitUntil(() => closed === 1);
  expect(said).toEqual([{ type: "leave" }]);
  const other = join();
  other.abandon();
  expect(said).toHaveLength(1);
  expect(closed).toBe(2);
  await vi.waitUntil(() => other.state.phase === "ended");
  expect(other.state.end?.code).toBe("left");
});

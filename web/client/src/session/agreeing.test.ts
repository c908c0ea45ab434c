import { afterEach, describe, expect, it, vi } from "vitest";

import type { Agreement } from "../keys/agreement.ts";
import type { FaultCode } from "../keys/fault.ts";
import { randomBytes } from "../keys/primitives.ts";
import { rootOf } from "../keys/root.ts";
import { Store } from "../keys/store.ts";
import type { ClientBody } from "../signaling/protocol.ts";
import { Agreeing } from "./agreeing.ts";
import { identityOf } from "./identity.ts";

/** One stay with what it told the sealing worker and the page. */
class Stay {
  readonly receive = new Map<number, string>();
  readonly forgotten: number[] = [];
  readonly warnings: FaultCode[] = [];
  readonly said: ClientBody[] = [];
  send: { kid: number; key: string } | undefined;
  held: boolean | undefined;
  changes = 0;

  private constructor(
    readonly agreeing: Agreeing,
    readonly participant: number,
  ) {}

  static async join(room: Room, standing: "host" | "guest", name: string): Promise<Stay> {
    const identity = await identityOf(standing, name, room.link, await Store.open(undefined));
    const participant = room.stays.length + 1;
    room.heldAtFirst = undefined;
    let stay: Stay | undefined = undefined;
    const sealing = {
      setSendKey: (key: Key) => (stay!.send = { kid: key.kid, key: String(key.baseKey) }),
      setReceiveKey: (key: Key) => stay!.receive.set(key.kid, String(key.baseKey)),
      forgetKey: (kid: number) => stay!.receive.delete(kid),
      forgetSender: (sender: number) => {
        for (const kid of stay!.receive.keys()) if (kid >>> 20 === sender) stay!.receive.delete(kid);
      },
      hold: (held: boolean) => (stay ? (stay.held = held) : (room.heldAtFirst = held)),
    };
    const about = { room: "room", name, sender: 15 + participant, identity };
    const agreeing = new Agreeing(about, sealing, {
      say: (body) => room.relay(stay!, body),
      changed: () => (stay!.changes += 1),
      warning: (code) => stay!.warnings.push(code),
      forgotten: (sender) => stay!.forgotten.push(sender),
    });
    stay = new Stay(agreeing, participant);
    room.stays.push(stay);
    return stay;
  }

  get state(): Agreement["state"] {
    return this.agreeing.state!;
  }

  opens(other: Stay): boolean {
    return other.send !== undefined && this.receive.get(other.send.kid) === other.send.key;
  }
}

interface Key {
  kid: number;
  baseKey: Uint8Array;
}

/** A server that forwards everything. */
class Room {
  readonly stays: Stay[] = [];
  heldAtFirst: boolean | undefined;
  private constructor(readonly link: { secret: Bytes; rootHash: Bytes; rootSeed: Bytes }) {}

  static async open(): Promise<Room> {
    const rootSeed = randomBytes(32);
    return new Room({ secret: randomBytes(16), rootHash: (await rootOf(rootSeed)).hash, rootSeed });
  }

  relay(from: Stay, body: ClientBody): void {
    from.said.push(body);
    if (body.type !== "keys") return;
    for (const stay of this.stays) {
      const isMeant = typeof body.to === "object" ? body.to.participant === stay.participant : stay !== from;
      if (isMeant) stay.agreeing.handleMessage(from.participant, body.message);
    }
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

let room: Room;
afterEach(() => room.stays.forEach(({ agreeing }) => agreeing.close()));

/** A host and a guest that was let in. */
async function pair(): Promise<[Stay, Stay]> {
  room = await Room.open();
  const host = await Stay.join(room, "host", "Dana");
  await host.agreeing.ready;
  const guest = await Stay.join(room, "guest", "Omar");
  await vi.waitUntil(() => host.state.people.length === 1 && guest.held !== undefined);
  expect([room.heldAtFirst, guest.held, guest.receive.size]).toEqual([true, true, 0]);
  host.agreeing.admit(host.state.people[0]!.stay);
  await vi.waitUntil(() => host.opens(guest) && guest.opens(host));
  return [host, guest];
}

/** To the recorder. */
function said(stay: Stay): string[] {
  return stay.said.map(({ type }) => type).filter((type) => type === "lease" || type === "capsule");
}

describe("Agreeing", () => {
  it("holds what is sent until somebody is let in, and then gives both the keys", async () => {
    const [host, guest] = await pair();
    await vi.waitUntil(() => !guest.held);
    expect([host.held, guest.state.standing]).toEqual([false, "admitted"]);
    host.agreeing.putBack(host.state.people[0]!.stay);
    await vi.waitUntil(() => guest.held);
    expect(guest.receive.size).toBe(0);
    expect(guest.forgotten).toEqual([16]);
  });

  it("says goodbye, and the end that follows is no news", async () => {
    const [host, guest] = await pair();
    const { send } = host;
    const { changes } = guest;
    await guest.agreeing.bye();
    expect(guest.state.standing).toBe("ended");
    expect(guest.changes).toBe(changes);
    await vi.waitUntil(() => host.send !== send && host.forgotten.length === 1);
    expect(guest.opens(host)).toBe(false);
    expect(host.warnings).toEqual([]);
  });

  it("gives capsules and leases to the server while all agree, and no lease from a no on", async () => {
    const [host, guest] = await pair();
    const what = { microphone: true, camera: true, screen: false };
    const subjects = [{ stay: guest.agreeing.stay!, ...what }];
    host.agreeing.propose({ purpose: "activity", days: 7, subjects, forClient: false, clinic: true });
    await vi.waitUntil(() => guest.state.recording);
    expect(said(guest)).toEqual([]);
    guest.agreeing.answer(guest.state.recording!.proposal, true);
    await vi.waitUntil(() => guest.state.recording!.isOpen && host.state.recording!.isOpen);
    expect([said(host), said(guest)]).toEqual([["lease"], ["capsule", "lease"]]);
    const { recording } = guest.state.recording!;
    expect(guest.said).toContainEqual({ type: "lease", recording });
    guest.agreeing.answer(guest.state.recording!.proposal, false);
    await vi.waitUntil(() => host.state.recording!.over === "refused");
    expect([said(host), said(guest)]).toEqual([["lease"], ["capsule", "lease"]]);
  });

  it("ends what the server has ended", async () => {
    const [host, guest] = await pair();
    const subjects = [{ stay: host.agreeing.stay!, microphone: true, camera: false, screen: false }];
    host.agreeing.propose({ purpose: "activity", days: 7, subjects, forClient: false, clinic: false });
    await vi.waitUntil(() => guest.state.recording);
    const { recording } = guest.state.recording!;
    for (const { agreeing } of [host, guest]) agreeing.handleEnded("another");
    for (const { agreeing } of [host, guest]) agreeing.handleEnded(recording);
    await vi.waitUntil(() => guest.state.recording!.over && host.state.recording!.over);
    expect([host.state.recording!.over, guest.state.recording!.over]).toEqual(["ended", "ended"]);
  });

  it("keeps what comes before there is an agreement", async () => {
    room = await Room.open();
    const host = await Stay.join(room, "host", "Dana");
    await host.agreeing.ready;
    const hello = host.said.find((body) => body.type === "keys")!.message;
    const guest = await Stay.join(room, "guest", "Omar");
    guest.agreeing.handleMessage(1, hello);
    // nobody answers: what the guest knows is what came early
    room.stays.length = 0;
    await guest.agreeing.ready;
    await vi.waitUntil(() => guest.state.standing === "knocking");
    for (const stay of [host, guest]) stay.agreeing.close();
  });
});

import { afterEach, describe, expect, it, vi } from "vitest";
import { certifyDevice, askingDevice, newClinic, ownDevice, takeCertificate } from "../clinic.ts";
import { readFragment } from "../keys/fragment.ts";
import { Store } from "../keys/store.ts";
import { LinkError, parseLink } from "../link.ts";
import { Invitations } from "./invitations.ts";

const PLACE = { origin: "https://clinic.example", room: "blue room" };
const ID = "AQAAAAAAAAAAAAAAAAAAAA";

async function hosting() {
  const store = await Store.open(undefined);
  const { clinic } = await newClinic();
  const asking = await askingDevice((await ownDevice(store)).request);
  await takeCertificate(await certifyDevice(clinic, asking!, "Dana", 30), store);
  return { store, clinic, certificate: (await store.certificate())! };
}

/** What the server answers, and what it was asked. */
function server(...answers: [number, object?][]): { url: string; init: RequestInit }[] {
  const asked: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", (url: URL, init: RequestInit) => {
    asked.push({ url: String(url), init });
    const [status, body] = answers.shift()!;
    return Promise.resolve(new Response(body ? JSON.stringify(body) : null, { status }));
  });
  return asked;
}

const soon = () => Math.floor(Date.now() / 1000) + 60;

afterEach(() => vi.unstubAllGlobals());

describe("invitations", () => {
  it("are links with a secret that the server is not told, and outlive the page", async () => {
    const { store, clinic, certificate } = await hosting();
    const asked = server(
      [201, { invitation: ID, expires: soon() }],
      [201, { invitation: ID, expires: soon() }],
    );
    const made = new Invitations(PLACE, store, certificate);
    await made.make("token");
    await made.make("token");
    const [first, second] = made.all.map(({ url }) => parseLink(url));
    if (typeof first !== "object" || typeof second !== "object") throw new Error("no links");
    expect(first.invitation).toBe(ID);
    expect(first.fragment).not.toBe(second.fragment);
    const fragment = await readFragment(first.fragment);
    expect(typeof fragment === "object" && fragment.rootHash).toEqual(clinic.root.hash);
    for (const { url, init } of asked) {
      expect(url).toBe("https://clinic.example/api/v1/rooms/blue%20room/invitations");
      expect(JSON.stringify([url, init])).not.toContain(first.fragment);
      expect(init.body).toBeUndefined();
    }
    const again = new Invitations(PLACE, store, certificate);
    expect(await again.fragments()).toEqual(await made.fragments());
    expect(await new Invitations({ ...PLACE, room: "red" }, store, certificate).fragments()).toEqual([]);
  });

  it("are not known any more when they are over, or taken back", async () => {
    const { store, certificate } = await hosting();
    server(
      [201, { invitation: ID, expires: soon() - 120 }],
      [201, { invitation: ID, expires: soon() }],
      [204],
    );
    const made = new Invitations(PLACE, store, certificate);
    await made.make("token");
    expect(await new Invitations(PLACE, store, certificate).fragments()).toEqual([]);
    await made.make("token");
    await made.takeBack("token", ID);
    expect(made.all).toEqual([]);
    expect(await new Invitations(PLACE, store, certificate).fragments()).toEqual([]);
  });

  it("stay where the server does not take them back, unless it does not know them", async () => {
    const { store, certificate } = await hosting();
    server([201, { invitation: ID, expires: soon() }], [503], [404]);
    const made = new Invitations(PLACE, store, certificate);
    await made.make("token");
    await expect(made.takeBack("token", ID)).rejects.toMatchObject({ code: "server_gone" });
    expect(made.all.length).toBe(1);
    await made.takeBack("token", ID);
    expect(made.all).toEqual([]);
  });

  it("are none where the server makes none, or answers nonsense", async () => {
    const { store, certificate } = await hosting();
    server([403], [201, { invitation: 7 }]);
    const made = new Invitations(PLACE, store, certificate);
    await expect(made.make("token")).rejects.toMatchObject({ code: "refused" });
    await expect(made.make("token")).rejects.toBeInstanceOf(LinkError);
    expect(made.all).toEqual([]);
  });
});

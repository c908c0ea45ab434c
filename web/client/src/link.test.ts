import { afterEach, describe, expect, it, vi } from "vitest";

import { deviceOf, parseLink, redeem } from "./link.ts";

const INVITATION = "AAECAwQFBgcICQoLDA0ODw";
const SECRET = "Dw4NDAsKCQgHBgUEAwIBAA";

describe("parseLink", () => {
  it("takes a link apart", () => {
    for (const link of [
      `https://host/j/${INVITATION}#${SECRET}`,
      `http://localhost:8080/j/${INVITATION}/#${SECRET}`,
    ]) {
      expect(parseLink(link)).toEqual({
        invitation: INVITATION,
        fragment: SECRET,
      });
    }
  });

  it.each([
    ["no_invitation", `https://host/#${SECRET}`],
    ["no_invitation", `https://host/j/short#${SECRET}`],
    ["no_invitation", "not an address"],
  ])("says %s of %s", (fault, link) => {
    expect(parseLink(link)).toBe(fault);
  });
});

describe("deviceOf", () => {
  const storage = () => {
    const kept = new Map<string, string>();
    return {
      kept,
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
    };
  };

  it("is the same after a reload, and made anew if damaged", () => {
    const tab = storage();
    const device = deviceOf(() => tab, false);
    expect(device).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(deviceOf(() => tab, true)).toBe(device);
    tab.kept.forEach((_, name) => tab.kept.set(name, "damaged"));
    expect(deviceOf(() => tab, true)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it("is another one in a tab that was copied with its storage", () => {
    const tab = storage();
    const device = deviceOf(() => tab, false);
    const copied = deviceOf(() => tab, false);
    expect(copied).not.toBe(device);
    expect(
      deviceOf(() => tab, true),
      "and stays that",
    ).toBe(copied);
  });

  it("does without a storage", () => {
    const blocked = () => {
      throw new Error("SecurityError");
    };
    expect(deviceOf(blocked, true)).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const untouchable = { getItem: blocked, setItem: blocked };
    expect(deviceOf(() => untouchable, true)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });
});

describe("redeem", () => {
  afterEach(() => vi.unstubAllGlobals());

  const answer = (status: number, body: unknown) => {
    vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal("fetch", async () => Response.json(body, { status }));
  };
  const redeemed = {
    token: "t",
    room: "r",
    standing: "guest",
    title: "",
    expires: 1,
    demo: true,
    av1: false,
  };

  it("is one device as long as the page lives, even where the storage is blocked", async () => {
    const devices: unknown[] = [];
    vi.stubGlobal("fetch", async (_: URL, { body }: { body: string }) => {
      devices.push((JSON.parse(body) as { device: unknown }).device);
      return Response.json(redeemed);
    });
    await redeem(INVITATION, "https://host");
    await redeem(INVITATION, "https://host");
    expect(devices[0]).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(devices[1]).toBe(devices[0]);
  });

  it("gives what the server gives", async () => {
    answer(200, redeemed);
    expect(await redeem(INVITATION, "https://host")).toEqual(redeemed);
  });

  it.each([
    [404, "unknown_link"],
    [410, "expired"],
    [403, "refused"],
    [503, "server_gone"],
    [200, "fault"],
  ])("names what a status of %i means", async (status, code) => {
    answer(status, { type: "about:blank" });
    await expect(redeem(INVITATION, "https://host")).rejects.toMatchObject({ name: "LinkError", code });
  });

  it("tells a link that was taken back from one whose time is over", async () => {
    answer(410, { type: "urn:rapport:problem:revoked" });
    await expect(redeem(INVITATION, "https://host")).rejects.toMatchObject({ code: "revoked" });
  });

  it("tells a server that does not answer", async () => {
    answer(200, redeemed);
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    await expect(redeem(INVITATION, "https://host")).rejects.toMatchObject({ code: "server_gone" });
  });
});

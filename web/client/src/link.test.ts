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
        secret: Uint8Array.from({ length: 16 }, (_, at) => 15 - at),
      });
    }
  });

  it.each([
    ["no_invitation", `https://host/#${SECRET}`],
    ["no_invitation", `https://host/j/short#${SECRET}`],
    ["no_invitation", "not an address"],
    ["no_secret", `https://host/j/${INVITATION}`],
    ["no_secret", `https://host/j/${INVITATION}#`],
    ["truncated_secret", `https://host/j/${INVITATION}#${SECRET.slice(0, -1)}`],
    ["truncated_secret", `https://host/j/${INVITATION}#${SECRET}A`],
    ["truncated_secret", `https://host/j/${INVITATION}#${SECRET}.`],
    // Another spelling of the same bytes: a damaged last letter.
    ["truncated_secret", `https://host/j/${INVITATION}#${SECRET.slice(0, -1)}B`],
  ])("says %s of %s", (fault, link) => {
    expect(parseLink(link)).toBe(fault);
  });
});

describe("deviceOf", () => {
  it("is the same for the same tab, and made anew if damaged", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
    };
    const device = deviceOf(storage);
    expect(device).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(deviceOf(storage)).toBe(device);
    kept.forEach((_, name) => kept.set(name, "damaged"));
    expect(deviceOf(storage)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it("does without a storage", () => {
    const blocked = () => {
      throw new Error("SecurityError");
    };
    expect(deviceOf({ getItem: blocked, setItem: blocked })).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });
});

describe("redeem", () => {
  afterEach(() => vi.unstubAllGlobals());

  const answer = (status: number, body: unknown) => {
    vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal("fetch", async () => Response.json(body, { status }));
  };
  const redeemed = { token: "t", room: "r", standing: "guest", title: "", expires: 1, demo: true };

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

  it("tells a server that does not answer", async () => {
    answer(200, redeemed);
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    await expect(redeem(INVITATION, "https://host")).rejects.toMatchObject({ code: "server_gone" });
  });
});

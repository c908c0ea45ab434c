// What the server says of recordings, as the page has it; what makes no sense is left out.

import { afterEach, expect, it, vi } from "vitest";
import { addressOf, listRecordings } from "./listing.ts";

afterEach(() => vi.unstubAllGlobals());

const one = {
  id: "5f0c".repeat(8),
  begun: 1_800_000_000_000,
  purpose: "role_play",
  expires: 1_801_209_600,
  safe_ms: 754_000,
  ended: true,
  shredded: false,
  held: false,
  files: ["capture-000.mkv"],
};

function answer(body: unknown, status = 200) {
  const ask = vi.fn((_url: string, _request: RequestInit) =>
    Promise.resolve(Response.json(body, { status })),
  );
  vi.stubGlobal("fetch", ask);
  return ask;
}

const listing = { room: "a room/1", token: "ticket", origin: "https://clinic.example" };

it("lists what there is, by the ticket", async () => {
  const ask = answer([one, { ...one, purpose: "calm", shredded: true, held: true }]);
  const [first, second] = await listRecordings(listing);
  expect(first).toEqual({
    id: one.id,
    begun: one.begun,
    purpose: "roleplay",
    expires: one.expires,
    safeMs: 754_000,
    hasEnded: true,
    isShredded: false,
    isHeld: false,
    files: ["capture-000.mkv"],
  });
  expect([second!.purpose, second!.isShredded, second!.isHeld]).toEqual(["activity", true, true]);
  const [url, request] = ask.mock.calls[0]!;
  expect(url).toBe("https://clinic.example/api/v1/rooms/a%20room%2F1/recordings");
  expect(request.headers).toEqual({ authorization: "Bearer ticket" });
});

it("leaves out what is none, and throws where the server gives no list", async () => {
  answer([{ ...one, id: "../x" }, { ...one, purpose: "toString" }, { ...one, files: "all" }, null, one]);
  expect((await listRecordings(listing)).length).toBe(1);
  answer({}, 403);
  await expect(listRecordings(listing)).rejects.toThrow("403");
});

it("names the place of one", () => {
  expect(addressOf("r", "https://clinic.example", one.id)).toBe(
    `https://clinic.example/api/v1/rooms/r/recordings/${one.id}`,
  );
});

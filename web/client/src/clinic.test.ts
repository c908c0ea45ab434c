import { describe, expect, it } from "vitest";
import { identityOf, NotCertified } from "./session/identity.ts";
import {
  askingDevice,
  certifyDevice,
  hasOwnDevice,
  lookAtCertificate,
  newClinic,
  newOwnDevice,
  openBackup,
  openKit,
  ownDevice,
  takeCertificate,
} from "./clinic.ts";
import { fromBase64Url } from "./base64.ts";
import { hex } from "./keys/encoding.ts";
import { Store } from "./keys/store.ts";
import vectors from "./keys/vectors/sk1.json" with { type: "json" };

/** A browser that keeps nothing. */
const fresh = () => Store.open(undefined);

/** What a clinic makes for the device of a store. */
async function certificateFor(store: Store, days = 365, unixSeconds?: number): Promise<string> {
  const { clinic } = await newClinic();
  const asking = await askingDevice((await ownDevice(store)).request);
  return certifyDevice(clinic, asking!, "Dana", days, unixSeconds);
}

describe("a clinic", () => {
  it("comes back out of its words", async () => {
    const { clinic, words } = await newClinic();
    const again = await openKit(words.join("\n"));
    expect("number" in again && again.number).toBe(clinic.number);
    expect(clinic.number).toMatch(/^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
    expect((await newClinic()).clinic.number).not.toBe(clinic.number);
  });

  it("says what is wrong with words", async () => {
    expect(await openKit("one two")).toEqual({ code: "count", words: 2 });
  });
});

describe("a device", () => {
  it("is known by the same number on both sides, by text and by link", async () => {
    const own = await ownDevice(await fresh());
    for (const text of [own.request, `https://clinic.example/clinic#${own.request}`, ` ${own.request}\n`])
      expect((await askingDevice(text))?.number).toBe(own.number);
  });

  it("is one for the whole page, where the browser keeps nothing, too", async () => {
    const own = await ownDevice();
    expect(own.lasting).toBe(false);
    const { clinic } = await newClinic();
    const certificate = await certifyDevice(clinic, (await askingDevice(own.request))!, "Dana", 30);
    expect(await lookAtCertificate(certificate)).toMatchObject({ name: "Dana" });
    await takeCertificate(certificate);
    expect((await ownDevice()).certified).toMatchObject({ name: "Dana", clinic: clinic.number });
  });

  it("comes back out of its backup, certificate and all, and not before it is kept", async () => {
    const [first, second] = [await fresh(), await fresh()];
    const made = await newOwnDevice(first);
    expect(await hasOwnDevice(first)).toBe(false);
    await made.keep();
    const certificate = await certificateFor(first);
    const back = await openBackup(
      made.words.join(" "),
      `${made.file.slice(0, 60)}\n${made.file.slice(60)}\n`,
      second,
    );
    if ("code" in back) throw new Error(back.code);
    expect([back.number, (await ownDevice(first)).number]).toEqual([made.number, made.number]);
    expect(await lookAtCertificate(certificate, second)).toBe("other_device");
    await back.keep();
    await takeCertificate(certificate, second);
    expect((await ownDevice(second)).certified).toMatchObject({ name: "Dana" });
  });

  it("says what is wrong with a backup", async () => {
    const store = await fresh();
    const [one, other] = [await newOwnDevice(store), await newOwnDevice(store)];
    const typed = one.words.join(" ");
    expect(await openBackup("one two", one.file, store)).toEqual({ code: "count", words: 2 });
    expect(await openBackup(typed, one.file.slice(4), store)).toEqual({ code: "damaged" });
    expect(await openBackup(typed, "", store)).toEqual({ code: "damaged" });
    expect(await openBackup(typed, other.file, store)).toEqual({ code: "other_words" });
    expect(await hasOwnDevice(store)).toBe(false);
  });

  it("asks as the vectors say", async () => {
    expect(hex((await askingDevice(vectors.request))!.deviceId)).toBe(vectors.host_device_id);
  });

  it("is asked for by no damaged request, and not by a certificate", async () => {
    const { request } = await ownDevice(await fresh());
    const changed = request.slice(0, 30) + (request[30] === "A" ? "B" : "A") + request.slice(31);
    for (const text of [
      request.slice(1),
      request.slice(0, -4),
      changed,
      "",
      await certificateFor(await fresh()),
    ])
      expect(await askingDevice(text)).toBeUndefined();
  });

  it("is a host once it has taken a certificate, and not before", async () => {
    const store = await fresh();
    await expect(identityOf("host", "Dana", undefined, store)).rejects.toThrow(NotCertified);
    const foreign = { secret: new Uint8Array(16), rootHash: new Uint8Array(16) };
    const certificate = await certificateFor(store);
    expect(await lookAtCertificate(certificate, store)).toMatchObject({ name: "Dana", expired: false });
    expect((await ownDevice(store)).certified).toBeUndefined();
    await takeCertificate(`https://clinic.example/device#${certificate}`, store);
    expect((await ownDevice(store)).certified).toMatchObject({ name: "Dana" });
    expect((await identityOf("host", "Dana", undefined, store)).certificate).toBeDefined();
    await expect(identityOf("host", "Dana", foreign, store)).rejects.toMatchObject({
      reason: "other_clinic",
    });
    await store.keepCertificate(fromBase64Url(await certificateFor(store, 30, 1_600_000_000))!);
    await expect(identityOf("host", "Dana", undefined, store)).rejects.toMatchObject({ reason: "expired" });
  });
});

describe("a certificate", () => {
  it("that is damaged, of another device, or past its time is told apart and not taken", async () => {
    const store = await fresh();
    const right = await certificateFor(store);
    const cases = [
      ["damaged", right.slice(0, -4)],
      ["damaged", right.slice(0, 60) + (right[60] === "A" ? "B" : "A") + right.slice(61)],
      ["damaged", ""],
      ["damaged", (await ownDevice(store)).request],
      ["other_device", await certificateFor(await fresh())],
      ["expired", await certificateFor(store, 30, 1_600_000_000)],
    ] as const;
    for (const name of ["Da\u0085na", "Da\tna", ""])
      await expect(
        certifyDevice((await newClinic()).clinic, (await askingDevice(vectors.request))!, name, 30),
      ).rejects.toThrow();
    for (const [fault, text] of cases) {
      expect(await lookAtCertificate(text, store)).toBe(fault);
      await expect(takeCertificate(text, store)).rejects.toThrow();
    }
    expect((await ownDevice(store)).certified).toBeUndefined();
  });
});

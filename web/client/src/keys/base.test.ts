// The parts of SK-1 that need nobody else: keys, certificates, links, kits, and the form of messages.

import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../base64.ts";
import { familiarity, remembering } from "./contacts.ts";
import { deviceOf, fromBackup, newDevice } from "./device.ts";
import { concat, equal, hex, Malformed, Reader, type Bytes } from "./encoding.ts";
import { linkId, readFragment, writeFragment } from "./fragment.ts";
import { checkHello } from "./hello.ts";
import { openFrom, sealTo } from "./hpke.ts";
import { isKitWord, kitOf, seedOf } from "./kit.ts";
import { bodyOf, isSignedBy, parse, write, type Hello, type Parsed } from "./messages.ts";
import { agree, hkdf, newAgreementPair, randomBytes, verify } from "./primitives.ts";
import { certify, checkCertificate, rootOf } from "./root.ts";
import { Store } from "./store.ts";
import vectors from "./vectors/sk1.json" with { type: "json" };

const MESSAGES = [
  "host_hello",
  "guest_hello",
  "knock",
  "answer",
  "open",
  "statement",
  "key",
  "beat",
  "bye",
] as const;

const NOW = 1_800_000_000;

function bytes(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

describe("a word of a kit", () => {
  it("is known by four letters, upper case and blanks, and is no other word", () => {
    for (const typed of ["abandon", " ABAN ", "abando"]) expect(isKitWord(typed, "abandon")).toBe(true);
    expect(isKitWord("zoo", "zoo")).toBe(true);
    for (const typed of ["", "aba", "ability", "abandons"]) expect(isKitWord(typed, "abandon")).toBe(false);
  });
});

describe("primitives", () => {
  it("derive as RFC 5869 does", async () => {
    const derived = await hkdf(
      new Uint8Array(22).fill(0x0b),
      bytes("000102030405060708090a0b0c"),
      bytes("f0f1f2f3f4f5f6f7f8f9"),
      42,
    );
    expect(hex(derived)).toBe(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
  });

  it("make the public keys of RFC 8032 and RFC 7748", async () => {
    const device = await deviceOf({
      signing: bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
      agreement: bytes("77076d0a7318a57d3c16c17251b26645a4c92f0ed68edb3e1ec1b4d6b6d9c1a5"),
    });
    expect(hex(device.signingKey)).toBe("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    expect(device.agree.extractable || device.sign.extractable).toBe(false);
  });

  it("agree on nothing with a key of low order", async () => {
    const { privateKey } = await newAgreementPair();
    expect(await agree(privateKey, new Uint8Array(32))).toBeUndefined();
    const other = await newAgreementPair();
    expect(await agree(privateKey, other.publicKey)).toHaveLength(32);
  });

  it("take no key that is none", async () => {
    expect(await verify(new Uint8Array(31), "bye", new Uint8Array(64))).toBe(false);
  });
});

describe("HPKE", () => {
  it("opens what was sealed to the key, and for nothing else", async () => {
    const [pair, other] = [await newAgreementPair(), await newAgreementPair()];
    const [info, aad, text] = [randomBytes(20), randomBytes(4), randomBytes(32)];
    const sealed = (await sealTo(pair.publicKey, info, aad, text))!;
    expect([sealed.enc.length, sealed.ct.length]).toEqual([32, 48]);
    expect(await openFrom(pair, sealed, info, aad)).toEqual(text);
    expect(await openFrom(other, sealed, info, aad)).toBeUndefined();
    expect(await openFrom(pair, sealed, randomBytes(20), aad)).toBeUndefined();
    expect(await openFrom(pair, sealed, info, randomBytes(4))).toBeUndefined();
    expect(await openFrom(pair, { ...sealed, enc: new Uint8Array(32) }, info, aad)).toBeUndefined();
    expect(await sealTo(new Uint8Array(32), info, aad, text)).toBeUndefined();
  });
});

describe("messages", () => {
  it("have one encoding", () => {
    for (const name of MESSAGES) {
      const parsed = parse(vectors[name]);
      expect(parsed && hex(bodyOf(parsed.message)), name).toBe(parsed && hex(parsed.body));
      expect(parsed, name).toBeDefined();
    }
  });

  it("are cut nowhere, and nothing follows them", () => {
    for (const name of MESSAGES) {
      const whole = fromBase64Url(vectors[name])!;
      for (let length = 0; length < whole.length; length += 1) {
        expect(parse(toBase64Url(whole.slice(0, length))), `${name} of ${length}`).toBeUndefined();
      }
      expect(parse(toBase64Url(concat(whole, Uint8Array.of(0))))).toBeUndefined();
    }
  });

  it("with any bit changed are of another form, or not signed", async () => {
    const keys = { host: parse(vectors.host_hello)!, guest: parse(vectors.guest_hello)! };
    const keyOf = ({ message }: Parsed) => (message as Hello).signingKey;
    const authors: Record<(typeof MESSAGES)[number], Bytes> = {
      host_hello: keyOf(keys.host),
      guest_hello: keyOf(keys.guest),
      knock: keyOf(keys.guest),
      answer: keyOf(keys.host),
      open: keyOf(keys.guest),
      statement: keyOf(keys.host),
      key: keyOf(keys.host),
      beat: keyOf(keys.host),
      bye: keyOf(keys.guest),
    };
    for (const name of MESSAGES) {
      expect(await isSignedBy(parse(vectors[name])!, authors[name]), name).toBe(true);
      const whole = fromBase64Url(vectors[name])!;
      for (let at = 0; at < whole.length; at += 1) {
        const changed = whole.slice();
        changed[at]! ^= 1 << (at % 8);
        const parsed = parse(toBase64Url(changed));
        expect(parsed && (await isSignedBy(parsed, authors[name])), `${name} at ${at}`).not.toBe(true);
      }
    }
  });

  it("of another kind are not taken for it: each has a label of its own", async () => {
    const parsed = parse(vectors.answer)!;
    const key = (parse(vectors.host_hello)!.message as Hello).signingKey;
    const message = { ...parsed.message, type: "open" } as unknown as Parsed["message"];
    expect(await isSignedBy({ ...parsed, message }, key)).toBe(false);
  });

  it("that are noise are refused, whatever they are", () => {
    for (let round = 0; round < 3000; round += 1) {
      const noise = randomBytes(1 + (round % 400));
      noise[0] = 1;
      if (noise.length > 1) noise[1] = 1 + (round % 8);
      expect(parse(toBase64Url(noise))).toBeUndefined();
    }
  });
});

describe("a hello", () => {
  const parsed = () => parse(vectors.host_hello) as Parsed<Hello>;
  const device = () =>
    deviceOf({ signing: bytes(vectors.host_signing_seed), agreement: bytes(vectors.host_agreement_seed) });
  const changed = async (change: Partial<Hello>) => {
    const written = await write({ ...parsed().message, ...change }, (await device()).sign);
    return checkHello(parse(written.text) as Parsed<Hello>, change.room ?? "session-1", NOW);
  };

  it("is right as it was made", async () => {
    const checked = await checkHello(parsed(), "session-1", NOW);
    expect(checked).toMatchObject({ stay: vectors.host_stay, certificate: { name: "Dana Práce" } });
  });

  it("is of its room, its signer, and of keys that agree", async () => {
    expect(await checkHello(parsed(), "session-2", NOW)).toBe("wrong_room");
    const forged = { ...parsed(), signature: randomBytes(64) };
    expect(await checkHello(forged, "session-1", NOW)).toBe("bad_signature");
    expect(await changed({ ephemeralKey: new Uint8Array(32) })).toBe("malformed");
    expect(await changed({ agreementKey: new Uint8Array(32).fill(0xff, 0, 0) })).toBe("malformed");
  });

  it("with a certificate that is not right is nobody's, not a guest's", async () => {
    const other = await rootOf(randomBytes(32));
    const about = { name: "X", notBefore: 0, notAfter: NOW * 2 };
    expect(
      await changed({ certificate: await certify(other, { ...about, deviceId: randomBytes(32) }) }),
    ).toBe("bad_certificate");
    expect(await changed({ certificate: randomBytes(100) })).toBe("bad_certificate");
    expect(await changed({ certificate: new Uint8Array(0) })).toMatchObject({ certificate: undefined });
  });

  it("has an index in range, and a name without controls", async () => {
    for (const change of [
      { sender: 15 },
      { sender: 4096 },
      { name: "a\u0007b" },
      { name: "x".repeat(129) },
      { room: "" },
    ]) {
      const written = await write({ ...parsed().message, ...change }, (await device()).sign);
      expect(parse(written.text), JSON.stringify(change)).toBeUndefined();
    }
  });
});

describe("a certificate", () => {
  it("holds two days beyond its time on both sides, for clocks are off", async () => {
    const [root, deviceId] = [await rootOf(randomBytes(32)), randomBytes(32)];
    const certificate = await certify(root, { deviceId, name: "Dana", notBefore: NOW, notAfter: NOW + 1000 });
    const [early, late] = [NOW - 48 * 3600, NOW + 1000 + 48 * 3600];
    for (const time of [early, late])
      expect(await checkCertificate(certificate, deviceId, time)).toMatchObject({ name: "Dana" });
    for (const time of [early - 1, late + 1])
      expect(await checkCertificate(certificate, deviceId, time)).toBe("expired_certificate");
  });

  it("is void when a byte of it is another", async () => {
    const certificate = bytes(vectors.certificate);
    const deviceId = bytes(vectors.host_device_id);
    expect(await checkCertificate(certificate, deviceId, NOW)).toMatchObject({ name: "Dana Práce" });
    for (let at = 0; at < certificate.length; at += 1) {
      const changed = certificate.slice();
      changed[at]! ^= 0x10;
      expect(await checkCertificate(changed, deviceId, NOW), `at ${at}`).toBe("bad_certificate");
    }
  });
});

describe("a device", () => {
  it("comes back from its backup with the secret, and with no other", async () => {
    const { device, backUp } = await newDevice();
    const secret = randomBytes(32);
    const backup = await backUp(secret);
    expect(backup).toHaveLength(129);
    expect((await fromBackup(secret, backup))?.id).toEqual(device.id);
    expect(await fromBackup(randomBytes(32), backup)).toBeUndefined();
    const changed = backup.slice();
    changed[20]! ^= 1;
    expect(await fromBackup(secret, changed)).toBeUndefined();
    expect(equal(await backUp(secret), backup)).toBe(false);
  });
});

describe("a recovery kit", () => {
  it("gives the seed back, however it is typed", async () => {
    const seed = randomBytes(32);
    const words = await kitOf(seed);
    expect(words).toHaveLength(25);
    expect(await seedOf(words.join(" "))).toEqual(seed);
    expect(await seedOf(`  ${words.map((word) => word.slice(0, 4).toUpperCase()).join("\n  ")} `)).toEqual(
      seed,
    );
  });

  it("says what is wrong with words", async () => {
    const words = await kitOf(new Uint8Array(32));
    expect(await seedOf(words.slice(1).join(" "))).toEqual({ code: "count", words: 24 });
    expect(await seedOf(["zzzz", ...words.slice(1)].join(" "))).toEqual({
      code: "unknown_word",
      word: "zzzz",
      position: 1,
    });
    expect(await seedOf(["zoo", ...words.slice(1)].join(" "))).toEqual({ code: "check" });
  });
});

describe("a link", () => {
  it("of each form is read back", async () => {
    const link = { secret: randomBytes(16), rootHash: randomBytes(16) };
    const text = await writeFragment(link);
    expect(text).toHaveLength(50);
    expect(await readFragment(text)).toEqual(link);
    const rootSeed = randomBytes(32);
    const host = { secret: link.secret, rootHash: (await rootOf(rootSeed)).hash, rootSeed };
    const demonstration = await writeFragment(host);
    expect(demonstration).toHaveLength(71);
    expect(await readFragment(demonstration)).toEqual(host);
    expect(await linkId(host)).toEqual(await linkId({ secret: host.secret, rootHash: host.rootHash }));
  });

  it("that is none says why", async () => {
    const text = await writeFragment({ secret: randomBytes(16), rootHash: randomBytes(16) });
    expect(await readFragment("")).toBe("no_secret");
    for (const bad of [text.slice(0, -1), text.slice(0, 20), `${text}A`, "%%", `B${text.slice(1)}`, "AQ"]) {
      expect(await readFragment(bad), bad).toBe("truncated_secret");
    }
    expect(await readFragment(toBase64Url(new Uint8Array(16).fill(9)))).toBe("old_form");
    expect(await readFragment(toBase64Url(new Uint8Array(16).fill(1)))).toBe("truncated_secret");
  });
});

describe("contacts", () => {
  it("tell the four cases apart", () => {
    const met = remembering([], { contact: "link Omar", deviceId: "a", compared: false });
    expect(familiarity([], "link Omar", "a")).toBe("new");
    expect(familiarity(met, "link Omar", "a")).toBe("known");
    expect(familiarity(met, "link Omar", "b")).toBe("changed");
    expect(familiarity(met, "link Noor", "b")).toBe("new");
    const compared = remembering(met, { contact: "link Omar", deviceId: "a", compared: true });
    expect(familiarity(compared, "link Omar", "a")).toBe("verified");
    const again = remembering(compared, { contact: "link Omar", deviceId: "a", compared: false });
    expect(familiarity(again, "link Omar", "a")).toBe("verified");
  });
});

describe("a store", () => {
  it("without IndexedDB lives as long as the page, and says so", async () => {
    const store = await Store.open(undefined);
    expect(store.lasting).toBe(false);
    const device = await store.device("guest");
    expect((await store.device("guest")).id).toEqual(device.id);
    expect((await store.device("host")).id).not.toEqual(device.id);
    await store.keepMap("room", [], 1000);
    await store.keepContacts([{ contact: "c", deviceId: "d", compared: true }]);
    expect(await store.contacts()).toHaveLength(1);
  });
});

describe("what is read", () => {
  it("ends where it ends", () => {
    const reader = () => new Reader(Uint8Array.of(0, 2, 7));
    expect(() => reader().field(2)).toThrow(Malformed);
    expect(() => reader().field(3)).toThrow(Malformed);
    expect(() => reader().end()).toThrow(Malformed);
    expect(() => new Reader(new Uint8Array(8).fill(255)).u64()).toThrow(Malformed);
  });
});

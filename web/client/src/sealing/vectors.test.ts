import { describe, expect, test } from "vitest";

import { fromHex, toHex } from "./hex.testkit.ts";
import { Incoming } from "./incoming.ts";
import type { Codec } from "./layout.ts";
import { Outgoing } from "./outgoing.ts";
import {
  AES_128_GCM_SHA256_128,
  AES_256_GCM_SHA512_128,
  decodeHeader,
  encodeHeader,
  SframeKey,
} from "./sframe.ts";
import layout from "./vectors/layout.json" with { type: "json" };
import rfc from "./vectors/sframe.json" with { type: "json" };

describe("the vectors of RFC 9605", () => {
  test("headers, both ways", () => {
    expect(rfc.header).toHaveLength(289);
    for (const { kid, ctr, encoded } of rfc.header) {
      expect(toHex(encodeHeader(BigInt(kid), BigInt(ctr)))).toBe(encoded);
      expect(decodeHeader(fromHex(encoded))).toEqual({
        kid: BigInt(kid),
        counter: BigInt(ctr),
        length: encoded.length / 2,
      });
      expect(decodeHeader(fromHex(encoded.slice(2)), encoded.length)).toBeUndefined();
    }
  });

  test.each(rfc.sframe)("suite $cipher_suite, both ways", async (vector) => {
    const suite = [AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128].find(
      ({ id }) => id === vector.cipher_suite,
    );
    const key = await SframeKey.import(BigInt(vector.kid), fromHex(vector.base_key), suite);
    const header = encodeHeader(BigInt(vector.kid), BigInt(vector.ctr));
    const metadata = fromHex(vector.metadata);
    const sealed = await key.seal(header, BigInt(vector.ctr), metadata, fromHex(vector.pt));
    expect(toHex(header) + toHex(sealed)).toBe(vector.ct);
    const opened = await key.open(header, BigInt(vector.ctr), metadata, sealed);
    expect(opened && toHex(opened)).toBe(vector.pt);
  });

  test("no bit of header, metadata or ciphertext may change", async () => {
    const vector = rfc.sframe[1]!;
    const key = await SframeKey.import(BigInt(vector.kid), fromHex(vector.base_key));
    const header = encodeHeader(BigInt(vector.kid), BigInt(vector.ctr));
    const parts = [header, fromHex(vector.metadata), fromHex(vector.ct).slice(header.length)] as const;
    for (const part of parts) {
      for (let index = 0; index < part.length; index += 1) {
        part[index]! ^= 1;
        expect(await key.open(parts[0], BigInt(vector.ctr), parts[1], parts[2])).toBeUndefined();
        part[index]! ^= 1;
      }
    }
    expect(await key.open(parts[0], BigInt(vector.ctr), parts[1], parts[2])).toBeDefined();
  });
});

describe("frames that the crate sframe sealed by the same layout", () => {
  const TRAILER = { captureMicros: layout.capture_micros, width: layout.width, height: layout.height };
  const key = () => ({ kid: layout.kid, baseKey: fromHex(layout.base_key) });

  test.each(layout.frames)("$codec with counter $ctr, both ways", async ({ codec, ctr, frame, sealed }) => {
    const outgoing = new Outgoing();
    outgoing.firstCounter = ctr;
    await outgoing.setKey(key());
    const ours = await outgoing.seal(codec as Codec, fromHex(frame), TRAILER);
    expect(ours && toHex(ours)).toBe(sealed);
    const incoming = new Incoming();
    await incoming.setKey(key());
    const opened = await incoming.open(codec as Codec, fromHex(sealed));
    const trailer = codec === "opus" ? { ...TRAILER, width: 0, height: 0 } : TRAILER;
    expect(opened).toMatchObject({ outcome: "opened", sender: 5, trailer });
    // what every packetiser of AV1 takes away stays away
    const kept = codec === "av1" ? frame.replace(/^1200/, "") : frame;
    expect(opened.outcome === "opened" && toHex(opened.frame)).toBe(kept);
  });
});

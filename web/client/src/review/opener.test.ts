// A recording opens for the therapist's device as a whole, and what was tampered with opens for nobody, at the place
// where it is.

import { beforeAll, describe, expect, it } from "vitest";
import { newDevice } from "../keys/device.ts";
import { hex, type Bytes } from "../keys/encoding.ts";
import { parse } from "../keys/messages.ts";
import { randomBytes } from "../keys/primitives.ts";
import { concat } from "../sealing/bytes.ts";
import { readAgreed } from "./agreed.ts";
import { ReviewFault } from "./fault.ts";
import { Keyring, type Holder } from "./keyring.ts";
import { readManifest } from "./manifest.ts";
import { MatroskaReader } from "./matroska.ts";
import { Opener } from "./opener.ts";
import { capsule, fakeFrames, makeRecording, type Made } from "./recording.testkit.ts";

let made: Made;
let other: Made;

beforeAll(async () => {
  [made, other] = [await makeRecording(), await makeRecording({ frames: fakeFrames(2) })];
});

interface Opened {
  track: number;
  ms: number;
  frame: Bytes;
}

/** All frames, in their order; the files of `made`, but for some. */
async function openAll(changed: Partial<Made> = {}, holder: Holder = made.host.device): Promise<Opened[]> {
  const now = { ...made, ...changed };
  const lines = (all: string[]) => all.map((line) => `${line}\n`).join("");
  const manifest = readManifest(JSON.stringify(now.manifest), made.id);
  const agreed = await readAgreed(lines(now.consents), made);
  const opener = new Opener(manifest, agreed, await Keyring.open(lines(now.keys), agreed, holder));
  const reader = new MatroskaReader({ file: "capture-000.mkv" });
  reader.push(now.capture);
  reader.end();
  const opened: Opened[] = [];
  for (let part = reader.next(); part; part = reader.next()) {
    if (part.kind !== "block") continue;
    const { frame } = await opener.open({ number: 0, name: "capture-000.mkv" }, part);
    opened.push({ track: part.track, ms: part.ms, frame });
  }
  return opened;
}

async function faultOf(changed: Partial<Made>, holder?: Holder): Promise<ReviewFault> {
  const fault: unknown = await openAll(changed, holder).then(
    () => new Error("it opened"),
    (error: unknown) => error,
  );
  if (!(fault instanceof ReviewFault)) throw fault;
  return fault;
}

function flipped(bytes: Bytes, at: number): Bytes {
  const changed = bytes.slice();
  changed[at]! ^= 4;
  return changed;
}

describe("a recording", () => {
  it("opens frame by frame, over steps and generations", async () => {
    const opened = await openAll();
    expect(opened.length).toBe(made.clear.length);
    for (const [at, { track, ms, frame }] of opened.entries()) {
      expect([track, ms]).toEqual([made.clear[at]!.track, made.clear[at]!.ms]);
      expect(hex(frame)).toBe(hex(made.clear[at]!.frame));
    }
  });

  it("is told once by lines that the server wrote twice, and a torn line is none", async () => {
    const twice = { consents: [...made.consents, ...made.consents], keys: [...made.keys, ...made.keys] };
    expect((await openAll(twice)).length).toBe(made.clear.length);
    const text = `${made.consents.join("\n")}\n{"at": 18000`;
    expect((await readAgreed(text, made)).signers.size).toBe(2);
  });

  it("does not open for another device, nor for one that only has a public key in it", async () => {
    const { device } = await newDevice();
    expect((await faultOf({}, device)).code).toBe("not_yours");
    const claimed = { ...device, agreementKey: made.host.device.agreementKey };
    expect((await faultOf({}, claimed)).code).toBe("not_yours");
    expect((await faultOf({}, made.guest.device)).code).toBe("not_yours");
  });

  it("with a bit flipped in a block is refused there", async () => {
    const at = made.clusters[2]!.offset + 40;
    const fault = await faultOf({ capture: flipped(made.capture, at) });
    expect(fault.code).toBe("damaged");
    expect(fault.place.ms).toBe(made.clusters[2]!.ms);
    expect(at - fault.place.offset!).toBeGreaterThanOrEqual(0);
    expect(at - fault.place.offset!).toBeLessThan(200);
  });

  it("with a cluster that stands in it twice is refused at its time", async () => {
    const { capture, clusters } = made;
    const [from, to] = [clusters[2]!.offset, clusters[3]!.offset];
    const twice = concat(capture.subarray(0, to), capture.subarray(from, to), capture.subarray(to));
    const fault = await faultOf({ capture: twice });
    expect([fault.code, fault.place.ms]).toEqual(["replayed", clusters[2]!.ms]);
  });

  it("with clusters that changed places is refused where it goes back", async () => {
    const { capture, clusters } = made;
    const [a, b, c] = [clusters[2]!.offset, clusters[3]!.offset, clusters[4]!.offset];
    const swapped = concat(
      capture.subarray(0, a),
      capture.subarray(b, c),
      capture.subarray(a, b),
      capture.subarray(c),
    );
    const fault = await faultOf({ capture: swapped });
    expect([fault.code, fault.place.ms]).toEqual(["replayed", clusters[2]!.ms]);
  });

  it("with a cluster of another recording is refused there", async () => {
    const { capture, clusters } = made;
    const at = clusters[3]!.offset;
    const foreign = other.capture.subarray(other.clusters[0]!.offset, other.clusters[1]!.offset);
    const fault = await faultOf({ capture: concat(capture.subarray(0, at), foreign, capture.subarray(at)) });
    expect([fault.code, fault.place.offset! > at]).toEqual(["damaged", true]);
  });

  it("with a frame put on another track is refused", async () => {
    const at = made.capture.indexOf(0xa3, made.clusters[2]!.offset);
    // the track number stands behind the identifier and the size
    const track = made.capture[at + 1]! & 0x80 ? at + 2 : at + 3;
    for (const number of [1, 2, 3, 4]) {
      const capture = made.capture.slice();
      if (capture[track] === (0x80 | number)) continue;
      capture[track] = 0x80 | number;
      expect(["damaged", "not_agreed", "replayed"]).toContain((await faultOf({ capture })).code);
    }
  });

  it("with a capsule of another recording is refused", async () => {
    // signed by nobody here
    const fault = await faultOf({ keys: [...made.keys, other.keys[0]!] });
    expect([fault.code, fault.place]).toEqual(["damaged", { file: "keys.jsonl", line: 4 }]);
    // signed by somebody here, in the same stay
    const { proposal } = await readAgreed(`${made.consents.join("\n")}\n`, made);
    const message = await capsule(made.guest, randomBytes(32), proposal, 0);
    const moved = await faultOf({ keys: [...made.keys, JSON.stringify({ message })] });
    expect([moved.code, moved.place.line]).toEqual(["foreign", 4]);
  });

  it("without a capsule is refused where its key is used", async () => {
    const fault = await faultOf({ keys: made.keys.slice(0, 2) });
    expect([fault.code, fault.place.ms]).toEqual(["no_key", 8000]);
  });

  it("with capsules in another order is refused", async () => {
    const [host, second, third] = made.keys;
    expect((await faultOf({ keys: [host!, third!, second!] })).code).toBe("replayed");
  });

  it("without somebody's consent is refused", async () => {
    for (const [line, code] of [
      [0, "damaged"], // hello of the therapist
      [1, "damaged"], // proposal
      [2, "not_agreed"], // yes of the therapist
      [3, "damaged"], // hello of the client
      [4, "not_agreed"], // yes of the client
    ] as const) {
      const consents = made.consents.filter((_, at) => at !== line);
      expect((await faultOf({ consents })).code, `line ${line}`).toBe(code);
    }
  });

  it("with a hello of somebody of whom nothing else is there is refused, unless a crash tore what followed", async () => {
    const { consents } = made;
    const onlooker = other.consents[3]!;
    expect((await faultOf({ consents: [onlooker, ...consents] })).code).toBe("not_agreed");
    expect((await openAll({ consents: [...consents, onlooker] })).length).toBe(made.clear.length);
  });

  it("without anything of a person who is recorded is refused", async () => {
    const consents = made.consents.filter((_, at) => at < 3);
    expect((await faultOf({ consents })).code).toBe("damaged");
  });

  it("with the papers of another recording is refused", async () => {
    expect((await faultOf({ consents: other.consents })).code).toBe("foreign");
    expect((await faultOf({ manifest: other.manifest })).code).toBe("foreign");
    await expect(
      readAgreed(`${made.consents.join("\n")}\n`, { id: made.id, room: "session-2" }),
    ).rejects.toMatchObject({ code: "foreign" });
  });

  it("with any message changed is refused", async () => {
    for (const file of ["consents", "keys"] as const)
      for (const line of made[file].keys()) {
        const { message } = JSON.parse(made[file][line]!) as { message: string };
        const at = Math.floor(message.length / 2);
        const letter = message[at] === "A" ? "B" : "A";
        const changed = message.slice(0, at) + letter + message.slice(at + 1);
        const lines = made[file].with(line, JSON.stringify({ at: 1_800_000_000_000, message: changed }));
        expect(["damaged", "foreign", "not_agreed"]).toContain((await faultOf({ [file]: lines })).code);
      }
  });

  it("names who speaks by a signature", async () => {
    const agreed = await readAgreed(`${made.consents.join("\n")}\n`, made);
    const names = [...agreed.signers.values()].map(({ hello }) => hello.hello.name);
    expect(names).toEqual(["Ines Duarte", "Omar Haddad"]);
    expect(parse(JSON.parse(made.consents[1]!).message as string)!.message).toEqual(agreed.proposal);
  });
});

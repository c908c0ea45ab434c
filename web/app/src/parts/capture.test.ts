import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Capture } from "./capture.svelte";

/** Stands for a device that runs. */
class FakeTrack extends EventTarget {
  stopped = false;
  enabled = true;
  constructor(readonly device: string) {
    super();
  }
  stop(): void {
    this.stopped = true;
  }
  getSettings(): { deviceId: string } {
    return { deviceId: this.device };
  }
}

class FakeStream {
  constructor(readonly tracks: FakeTrack[]) {}
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
}

interface Asked {
  audio?: unknown;
  video?: { deviceId?: { exact: string } } | boolean;
  give(...devices: string[]): void;
  fail(name: string): void;
}

let asked: Asked[];
let given: FakeTrack[];

beforeEach(() => {
  asked = [];
  given = [];
  const getUserMedia = (constraints: object) =>
    new Promise((resolve, reject) => {
      const give = (...devices: string[]) => {
        const tracks = devices.map((device) => new FakeTrack(device));
        given.push(...tracks);
        resolve(new FakeStream(tracks));
      };
      const fail = (name: string) => reject(new DOMException("", name));
      asked.push({ ...constraints, give, fail });
    });
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia, enumerateDevices: async () => [] } });
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("MediaStreamTrack", FakeTrack);
  vi.stubGlobal("isSecureContext", true);
});

afterEach(() => vi.unstubAllGlobals());

async function ask(number: number): Promise<Asked> {
  return vi.waitUntil(() => asked[number]);
}

it("stops what comes after it was closed, and asks for nothing more", async () => {
  const capture = new Capture();
  const opening = capture.openBoth();
  const both = await ask(0);
  capture.close();
  both.give("m", "c");
  await opening;
  expect(asked).toHaveLength(1);
  expect(given.map((track) => track.stopped)).toEqual([true, true]);
  expect(capture.microphone ?? capture.camera).toBeNull();
});

it("stops a single device that comes after it was closed", async () => {
  const capture = new Capture();
  const opening = capture.open("camera");
  const camera = await ask(0);
  capture.close();
  camera.give("c");
  expect(await opening).toBeNull();
  expect(given[0]?.stopped).toBe(true);
});

it("opens both after one question, and stops what held the permission", async () => {
  const capture = new Capture();
  const opening = capture.openBoth();
  (await ask(0)).give("m", "c");
  (await ask(1)).give("m");
  (await ask(2)).give("c");
  await opening;
  expect(given.map((track) => track.stopped)).toEqual([true, true, false, false]);
  expect(capture.opening).toEqual({ microphone: false, camera: false });
});

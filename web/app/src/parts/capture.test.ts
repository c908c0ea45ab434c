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
  vi.stubGlobal("navigator", {
    mediaDevices: {
      getUserMedia,
      enumerateDevices: async () => [{ kind: "audioinput", deviceId: "m", label: "" }],
    },
  });
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

it("goes back to the camera that was there if another one does not open, once", async () => {
  const capture = new Capture();
  const first = capture.open("camera", "one");
  (await ask(0)).give("one");
  await first;
  const change = capture.open("camera", "two");
  (await ask(1)).fail("NotReadableError");
  const back = await ask(2);
  expect(back.video).toMatchObject({ deviceId: { exact: "one" } });
  expect(capture.opening.camera).toBe(true);
  back.fail("NotReadableError");
  expect(await change).toBeNull();
  expect(asked).toHaveLength(3);
  expect(capture.faults.camera?.code).toBe("in_use");
  expect(capture.opening.camera).toBe(false);
});

it("keeps the word on the camera that did not open beside the picture that came back", async () => {
  const capture = new Capture();
  const first = capture.open("camera", "one");
  (await ask(0)).give("one");
  await first;
  const change = capture.open("camera", "two");
  (await ask(1)).fail("NotReadableError");
  (await ask(2)).give("one");
  await change;
  expect(capture.camera).not.toBeNull();
  expect(capture.chosen.camera).toBe("one");
  expect(capture.faults.camera?.code).toBe("in_use");
});

it("tells a device that went away by itself from one that was switched off", async () => {
  const capture = new Capture();
  for (const [at, source] of (["camera", "microphone"] as const).entries()) {
    const opening = capture.open(source);
    (await ask(2 * at)).give(source);
    const track = await opening;
    track?.dispatchEvent(new Event("ended"));
    expect(capture.lost[source]).toBe(true);
    const again = capture.open(source);
    (await ask(2 * at + 1)).give(source);
    await again;
    expect(capture.lost[source]).toBe(false);
    capture.stop(source);
    expect(capture.lost[source]).toBe(false);
  }
});

it("does not ask twice for the same camera", async () => {
  const capture = new Capture();
  const first = capture.open("camera", "one");
  (await ask(0)).give("one");
  await first;
  const change = capture.open("camera", "one");
  (await ask(1)).fail("NotReadableError");
  await change;
  expect(asked).toHaveLength(2);
});

it("gives up what still opens, and keeps what is open", async () => {
  const capture = new Capture();
  const restoring = capture.restore({
    invitation: "",
    name: "",
    muted: true,
    keptAt: 0,
    microphone: "m",
    camera: "c",
  });
  (await ask(0)).give("m");
  await vi.waitUntil(() => capture.microphone);
  capture.giveUp();
  (await ask(1)).give("c");
  await restoring;
  expect(capture.microphone?.enabled).toBe(false);
  expect(capture.camera).toBeNull();
  expect(given.map((track) => track.stopped)).toEqual([false, true]);
});

it("opens the devices of a former call where they are still there", async () => {
  const capture = new Capture();
  capture.choose({ invitation: "", name: "", muted: false, keptAt: 0, microphone: "m", camera: "gone" });
  void capture.openBoth();
  (await ask(0)).give("m", "c");
  expect((await ask(1)).audio).toMatchObject({ deviceId: { exact: "m" } });
  expect((await ask(2)).video).not.toHaveProperty("deviceId");
});

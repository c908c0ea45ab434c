import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Placement } from "./slots.ts";
import { Stage } from "./stage.ts";

class FakeStream {
  constructor(readonly tracks: unknown[]) {}
}

const trackAt = (mid: string) => (mid === "9" ? undefined : ({ id: mid } as MediaStreamTrack));
const camera: Placement = { mid: "1", participant: 2, source: "camera" };
const voice: Placement = { mid: "2", participant: 2, source: "microphone" };

beforeEach(() => void vi.stubGlobal("MediaStream", FakeStream));
afterEach(() => void vi.unstubAllGlobals());

describe("Stage", () => {
  it("sorts by person and source", () => {
    const shown = new Stage().show([camera, voice, { mid: "3", participant: 4, source: "screen" }], trackAt);
    expect(shown.get(2)?.camera).toEqual({ tracks: [{ id: "1" }] });
    expect(shown.get(2)?.audio).toEqual([{ tracks: [{ id: "2" }] }]);
    expect(shown.get(4)).toEqual({ audio: [], screen: { tracks: [{ id: "3" }] } });
  });

  it("keeps a stream as long as the same thing is shown", () => {
    const stage = new Stage();
    const first = stage.show([camera], trackAt).get(2)?.camera;
    expect(stage.show([voice, camera], trackAt).get(2)?.camera).toBe(first);
    stage.show([voice], trackAt);
    expect(stage.show([camera], trackAt).get(2)?.camera).not.toBe(first);
  });

  it("shows nothing without a track", () => {
    expect(new Stage().show([{ ...camera, mid: "9" }], trackAt).size).toBe(0);
  });
});

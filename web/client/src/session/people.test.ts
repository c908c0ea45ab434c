import { describe, expect, it } from "vitest";

import type { Own } from "./own.ts";
import { peopleOf, type Sight } from "./people.ts";
import { listener, member, roster } from "./testing.ts";

/** Stands for a stream or a track: only that it is the same one counts. */
const media = <T>(name: string) => ({ name }) as T;

const own: Own = {
  microphone: media("microphone"),
  muted: true,
  camera: media("camera"),
  screen: null,
  speaking: false,
  hand: true,
  line: "fair",
};
const sight: Sight = {
  shown: new Map(),
  seal: () => "waiting",
  own,
  ownCamera: media("own"),
  connection: "live",
};

describe("peopleOf", () => {
  it("shows oneself as one wishes, whatever the server still says", () => {
    const [you] = peopleOf(roster(member(1)), sight);
    expect(you).toMatchObject({
      id: 1,
      you: true,
      microphone: false,
      camera: true,
      hand: true,
      line: "fair",
    });
    expect(you).toMatchObject({ connection: "live", seal: "open", audioStreams: [] });
    expect(you?.cameraStream).toBe(sight.ownCamera);
  });

  it("shows of others what was opened and is switched on", () => {
    const [camera, screen, voice] = [
      media<MediaStream>("c"),
      media<MediaStream>("s"),
      media<MediaStream>("v"),
    ];
    const shown = new Map([[2, { camera, screen, audio: [voice] }]]);
    const people = (on: boolean) =>
      peopleOf(roster(member(1), member(2, { media: { microphone: on, camera: on, screen: on } })), {
        ...sight,
        shown,
        seal: (sender) => (sender === 20 ? "open" : "waiting"),
      })[1];
    expect(people(true)).toMatchObject({ you: false, seal: "open", audioStreams: [voice] });
    expect(people(true)?.cameraStream).toBe(camera);
    expect(people(true)?.screenStream).toBe(screen);
    expect(people(false)).not.toHaveProperty("cameraStream");
    expect(people(false)).not.toHaveProperty("screenStream");
  });

  it("shows listeners, who send nothing", () => {
    expect(peopleOf(roster(member(1), listener(2)), sight)[1]).toMatchObject({
      standing: "listener",
      seal: "waiting",
      audioStreams: [],
    });
  });
});

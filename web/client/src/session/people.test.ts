import { describe, expect, it } from "vitest";

import type { Person as Known } from "../keys/agreement.ts";
import type { Own } from "./own.ts";
import { peopleOf, type Sight } from "./people.ts";
import { listener, member, roster } from "./testing.ts";

/** As the keys know somebody: by a name of their own. */
function person(sender: number, standing: Known["standing"] = "admitted"): Known {
  return {
    stay: `stay ${sender}`,
    deviceId: "",
    sender,
    participant: sender / 10,
    name: `Signed ${sender}`,
    role: "guest",
    records: false,
    standing,
    link: "own_link",
    linkId: undefined,
    familiarity: "new",
    words: undefined,
    isUnconfirmed: false,
  };
}

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
  known: (sender) => person(sender),
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

  it("takes names and roles from the keys, not from the server", () => {
    const others = roster(member(1), member(2, { name: "Dana", standing: "host" }));
    expect(peopleOf(others, sight)[1]).toMatchObject({
      name: "Signed 20",
      standing: "guest",
      trust: { stay: "stay 20", familiarity: "new" },
    });
  });

  it("shows nobody whom the keys do not know, or not as a member", () => {
    const others = roster(member(1), member(2), member(3));
    const known = (sender: number) => (sender === 20 ? person(20, "waiting") : undefined);
    expect(peopleOf(others, { ...sight, known }).map(({ id }) => id)).toEqual([1]);
  });

  it("shows listeners, who send nothing", () => {
    expect(peopleOf(roster(member(1), listener(2)), sight)[1]).toMatchObject({
      standing: "listener",
      seal: "waiting",
      audioStreams: [],
    });
  });
});

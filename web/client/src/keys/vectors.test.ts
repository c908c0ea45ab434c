import { expect, it } from "vitest";
import { makeRecordingVectors } from "./recording-vectors.testkit.ts";
import { makeVectors } from "./vectors.testkit.ts";
import recording from "./vectors/recording.json" with { type: "json" };
import vectors from "./vectors/sk1.json" with { type: "json" };

it("every value of the committed vectors comes out again", async () => {
  expect(await makeVectors()).toEqual(vectors);
  expect(await makeRecordingVectors()).toEqual(recording);
});

import { expect, it } from "vitest";
import { makeVectors } from "./vectors.testkit.ts";
import vectors from "./vectors/sk1.json" with { type: "json" };

it("every value of the committed vectors comes out again", async () => {
  expect(await makeVectors()).toEqual(vectors);
});

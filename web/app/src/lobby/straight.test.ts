import { expect, it } from "vitest";
import { goesStraightIn } from "./straight";

const kept = { keptAt: 1_000_000 };

it("goes straight in after a reload within two minutes", () => {
  expect(goesStraightIn(kept, true, 1_000_000)).toBe(true);
  expect(goesStraightIn(kept, true, 1_119_999)).toBe(true);
  expect(goesStraightIn(kept, true, 1_120_000)).toBe(false);
});

it("shows the lobby to a copied or restored tab, and to who has no call", () => {
  expect(goesStraightIn(kept, false, 1_000_001)).toBe(false);
  expect(goesStraightIn(undefined, true, 1_000_001)).toBe(false);
});

it("trusts no clock that was turned back", () => {
  expect(goesStraightIn(kept, true, 999_999)).toBe(false);
});

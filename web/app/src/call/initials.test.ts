import { expect, it } from "vitest";
import { initialsOf } from "./initials";

it("takes the first and the last word", () => {
  expect(initialsOf("Ada Lovelace")).toBe("AL");
  expect(initialsOf("  omar  ")).toBe("O");
  expect(initialsOf("Maria del Carmen Ortiz")).toBe("MO");
});

it("keeps letters whole that are made of several signs", () => {
  expect(initialsOf("é́va")).toBe("É́");
  expect(initialsOf("नेहा")).toBe("ने");
});

it("has something for a name of nothing", () => {
  expect(initialsOf("   ")).toBe("?");
});

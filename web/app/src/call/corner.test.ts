import { expect, it } from "vitest";
import { byKey, nearest } from "./corner";

it("goes by arrow keys, one direction at a time", () => {
  const start = { x: "right", y: "bottom" } as const;
  expect(byKey(start, "ArrowLeft")).toEqual({ x: "left", y: "bottom" });
  expect(byKey(start, "ArrowUp")).toEqual({ x: "right", y: "top" });
  expect(byKey({ x: "left", y: "top" }, "ArrowRight")).toEqual({ x: "right", y: "top" });
  expect(byKey({ x: "left", y: "top" }, "ArrowDown")).toEqual({ x: "left", y: "bottom" });
});

it("leaves other keys alone", () => {
  expect(byKey({ x: "left", y: "top" }, "Enter")).toBeUndefined();
});

it("falls to the nearest corner", () => {
  expect(nearest(10, 10, 100, 80)).toEqual({ x: "left", y: "top" });
  expect(nearest(90, 10, 100, 80)).toEqual({ x: "right", y: "top" });
  expect(nearest(49, 41, 100, 80)).toEqual({ x: "left", y: "bottom" });
  expect(nearest(51, 79, 100, 80)).toEqual({ x: "right", y: "bottom" });
});

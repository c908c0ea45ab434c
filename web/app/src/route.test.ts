import { describe, expect, it } from "vitest";
import { routeOf } from "./route";

describe("routeOf", () => {
  it("knows the front page", () => {
    expect(routeOf("/")).toBe("home");
    expect(routeOf("/index.html")).toBe("home");
  });

  it("knows the pages by which a clinic certifies devices", () => {
    expect(routeOf("/clinic")).toBe("clinic");
    expect(routeOf("/device")).toBe("device");
    expect(routeOf("/privacy")).toBe("privacy");
    expect(routeOf("/device/x")).toBe("missing");
  });

  it("takes every link for one, so that a damaged one gets its own words", () => {
    for (const path of ["/j", "/j/", "/j/abc", "/j/AAAAAAAAAAAAAAAAAAAAAA", "/j/a/b"]) {
      expect(routeOf(path)).toBe("join");
    }
  });

  it("does not take other addresses for a link", () => {
    for (const path of ["/join", "/jj/abc", "/api/v1/call", "/x/j/abc"])
      expect(routeOf(path)).toBe("missing");
  });
});

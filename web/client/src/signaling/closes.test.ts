import { describe, expect, it } from "vitest";

import { outcomeOf } from "./closes.ts";
import { CLOSE_CODES } from "./protocol.ts";

describe("outcomeOf", () => {
  it("knows each of the server's reasons by its name, with and without a detail", () => {
    for (const [name, code] of Object.entries(CLOSE_CODES)) {
      expect(outcomeOf({ code, reason: `${name}: in words` })).toEqual(outcomeOf({ code, reason: name }));
    }
    expect(outcomeOf({ code: 4410, reason: "expired" })).toEqual({ then: "renew", otherwise: "expired" });
    expect(outcomeOf({ code: 4424, reason: "room_full" })).toEqual({ then: "end", code: "room_full" });
    expect(outcomeOf({ code: 4404, reason: "no_session" }).then).toBe("rejoin");
    expect(outcomeOf({ code: 4408, reason: "silent" })).toEqual({ then: "resume" });
  });

  it("knows them by their numbers where the words were lost", () => {
    expect(outcomeOf({ code: 4411, reason: "" })).toEqual({ then: "end", code: "ended" });
    expect(outcomeOf({ code: 1000, reason: "left" })).toEqual({ then: "end", code: "left" });
  });

  it("takes every other end for the loss of a socket only", () => {
    for (const code of [1000, 1001, 1006, 1011, 1012, 4999]) {
      expect(outcomeOf({ code, reason: "" })).toEqual({ then: "resume" });
    }
  });
});

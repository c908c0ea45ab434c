import { describe, expect, it } from "vitest";

import { Seals } from "./seals.ts";
import { member, roster } from "./testing.ts";

function rejectedFor(ms: number, ...senders: number[]): Seals {
  const seals = new Seals();
  for (const sender of senders) for (let now = 0; now <= ms; now += 1000) seals.rejected(sender, now);
  return seals;
}

describe("Seals", () => {
  it("calls a key wrong after two seconds without one frame opened", () => {
    expect(rejectedFor(1000, 20).state(20)).toBe("waiting");
    expect(rejectedFor(2000, 20).state(20)).toBe("wrong_key");
    expect(rejectedFor(2000, 20).state(30)).toBe("waiting");
  });

  it("is settled by one opened frame", () => {
    const seals = rejectedFor(2000, 20);
    seals.opened(20);
    expect(seals.rejected(20, 9000)).toBe("open");
    expect(seals.state(20)).toBe("open");
  });

  it("knows nothing any more of who left", () => {
    const seals = rejectedFor(2000, 20);
    seals.forget(20);
    expect(seals.rejected(20, 9000)).toBe("waiting");
  });
});

describe("whose secret is wrong", () => {
  const guest = member(1);
  const host = member(2, { standing: "host" });
  const other = member(3);

  it("is the guest's who can't open a host", () => {
    expect(rejectedFor(2000, 20).ownSecretIsWrong(roster(guest, host))).toBe(true);
    expect(rejectedFor(2000, 20, 30).ownSecretIsWrong(roster(guest, host, other))).toBe(true);
    expect(rejectedFor(1000, 20).ownSecretIsWrong(roster(guest, host))).toBe(false);
  });

  it("is never the host's", () => {
    const you = member(1, { standing: "host" });
    expect(rejectedFor(2000, 20, 30).ownSecretIsWrong(roster(you, host, other))).toBe(false);
  });

  it("is not known among guests", () => {
    expect(rejectedFor(2000, 30).ownSecretIsWrong(roster(guest, other))).toBe(false);
  });

  it("is not the guest's who could open anybody, even if they have left", () => {
    const seals = rejectedFor(2000, 20);
    seals.opened(30);
    expect(seals.ownSecretIsWrong(roster(guest, host, other))).toBe(false);
    seals.forget(30);
    expect(seals.ownSecretIsWrong(roster(guest, host))).toBe(false);
  });
});

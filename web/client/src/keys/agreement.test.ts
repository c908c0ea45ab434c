import { describe, expect, it } from "vitest";
import { newDevice } from "./device.ts";
import { Network, type Member } from "./network.testkit.ts";
import { randomBytes } from "./primitives.ts";
import { generationOf, stepOf } from "./senderkeys.ts";

function expectSealedCall(members: Member[]): void {
  for (const one of members) {
    for (const other of members)
      if (one !== other) expect(one.opens(other), `${one.participant} opens ${other.participant}`).toBe(true);
  }
}

describe("a therapist and a client", () => {
  it("get each other's keys when the therapist has let the client in, and not before", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const guest = await network.guest("Omar");
    await network.run(8000);
    expect([host.standing, guest.standing]).toEqual(["admitted", "waiting"]);
    expect(host.person("Omar")).toMatchObject({
      standing: "waiting",
      link: "own_link",
      familiarity: "new",
      role: "guest",
    });
    expect([guest.everOpened(host), host.everOpened(guest)]).toEqual([false, false]);
    host.admit("Omar");
    await network.run(1000);
    expect(guest.standing).toBe("admitted");
    expectSealedCall([host, guest]);
    expect(guest.agreement.state.isHostAuthenticated).toBe(true);
    expect([host.warnings, guest.warnings]).toEqual([[], []]);
  });

  it("see the same five words, and others the next time", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const words = host.person("Omar").words;
    expect(words).toHaveLength(5);
    expect(guest.person("Dana").words).toEqual(words);
    const again = await network.guest("Omar", { device: guest.device });
    await network.run(1000);
    expect(again.person("Dana").words).not.toEqual(words);
  });

  it("stay for a long time without a warning", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    await network.run(120_000);
    expectSealedCall([host, guest]);
    expect([host.warnings, guest.warnings]).toEqual([[], []]);
    expect(generationOf(host.sealsWith!.kid)).toBe(0);
  });

  it("are greeted by a host who hears of them before they have said a word", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    await network.settle();
    host.agreement.handleArrival(77, network.now);
    await host.agreement.idle();
    const output = host.agreement.poll();
    expect(output).toMatchObject({ type: "send", to: 77 });
    const guest = await network.guest("Omar");
    guest.agreement.handleArrival(77, network.now);
    await guest.agreement.idle();
    expect(guest.agreement.poll()).toBeUndefined();
  });

  it("may come in either order", async () => {
    const network = await Network.open();
    const guest = await network.guest("Omar");
    await network.run(7000);
    expect(guest.standing).toBe("alone");
    const host = await network.host("Dana");
    await network.run(1000);
    expect(guest.standing).toBe("waiting");
    host.admit("Omar");
    await network.run(1000);
    expectSealedCall([host, guest]);
  });

  it("have clocks that are off by a day", async () => {
    const network = await Network.open();
    const host = await network.host("Dana", { clockOff: -86_400_000 });
    const guest = await network.guest("Omar", { clockOff: 86_400_000 });
    await network.run(500);
    host.admit("Omar");
    await network.run(1000);
    expectSealedCall([host, guest]);
  });
});

describe("whoever is not let in", () => {
  it("is told so when declined, and gets no key", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const guest = await network.guest("Omar");
    await network.run(500);
    host.agreement.handleRefuse(host.person("Omar").stay, network.now);
    await network.run(1000);
    expect([guest.standing, guest.everOpened(host)]).toEqual(["refused", false]);
  });

  it("stays declined after a reload, and may be let in after all", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const guest = await network.guest("Omar");
    await network.run(500);
    host.agreement.handleRefuse(host.person("Omar").stay, network.now);
    await network.run(500);
    network.leave(guest);
    const again = await network.guest("Omar", { device: guest.device });
    await network.run(1000);
    expect(again.standing).toBe("refused");
    host.admit("Omar");
    await network.run(1000);
    expectSealedCall([host, again]);
  });

  it("loses the keys when put back into the waiting room, and gets others on return", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const before = host.sealsWith!.kid;
    host.agreement.handlePutBack(host.person("Omar").stay, network.now);
    await network.run(1000);
    expect([guest.standing, guest.keys.size]).toEqual(["waiting", 0]);
    expect(generationOf(host.sealsWith!.kid)).toBe(generationOf(before) + 1);
    host.admit("Omar");
    await network.run(1000);
    expectSealedCall([host, guest]);
  });

  it("comes by a link that the host has made in the meantime, and not by one that was taken back", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const link = { secret: randomBytes(16), rootHash: network.root.hash };
    host.agreement.handleLinks([link], network.now);
    await network.guest("Omar", { link });
    await network.guest("Noor");
    await network.run(500);
    expect([host.person("Omar").link, host.person("Noor").link]).toEqual(["own_link", "unknown"]);
    host.agreement.handleLinks([network.link], network.now);
    await network.guest("Ines", { link });
    await network.run(500);
    expect(host.person("Ines").link).toBe("unknown");
  });

  it("is shown as not having come by a link, or by one that is revoked", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const none = await network.guest("Omar", { link: undefined });
    await network.guest("Noor", { link: { secret: randomBytes(16), rootHash: network.root.hash } });
    await network.run(500);
    expect([host.person("Omar").link, host.person("Noor").link]).toEqual(["none", "unknown"]);
    host.admit("Omar");
    await network.run(1000);
    expectSealedCall([host, none]);
    expect(none.agreement.state.isHostAuthenticated).toBe(false);
    none.agreement.handleMatch(none.person("Dana").stay, network.now);
    await network.run(100);
    expect(none.agreement.state.isHostAuthenticated).toBe(true);
  });
});

describe("a reload", () => {
  it("of a guest asks nobody again", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    network.vanish(guest);
    const again = await network.guest("Omar", { device: guest.device });
    await network.run(1500);
    expect(again.standing).toBe("admitted");
    expectSealedCall([host, again]);
    expect(host.people).toHaveLength(1);
    expect(again.everOpened(guest)).toBe(false);
  });

  it("of a guest that gets the same sender index works, too", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    network.leave(guest);
    const again = await network.guest("Omar", { device: guest.device, sender: guest.sender });
    await network.run(1500);
    expectSealedCall([host, again]);
  });

  it("of the host changes nothing for the guest", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    network.vanish(host);
    const again = await network.host("Dana", { device: host.device, kept: host.kept });
    await network.run(1500);
    expect(guest.standing).toBe("admitted");
    expectSealedCall([again, guest]);
  });

  it("in a second tab ends the first one", async () => {
    const network = await Network.open();
    const [host, first] = await network.pair();
    const second = await network.guest("Omar", { device: first.device });
    await network.run(1500);
    expect([first.standing, second.standing]).toEqual(["replaced", "admitted"]);
    expectSealedCall([host, second]);
  });
});

describe("several people", () => {
  it("all open each other, eight of them", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const guests: Member[] = [];
    for (let at = 0; at < 7; at += 1) {
      guests.push(await network.guest(`Guest ${at}`));
      await network.run(300);
      host.admit(`Guest ${at}`);
      await network.run(300);
    }
    await network.run(2000);
    expectSealedCall([host, ...guests]);
    expect(guests[3]!.people.map(({ name }) => name).sort()).toEqual([
      "Dana",
      ...[0, 1, 2, 4, 5, 6].map((at) => `Guest ${at}`),
    ]);
    expect([host, ...guests].flatMap((member) => member.warnings)).toEqual([]);
  });

  it("a late joiner holds nothing of before", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const before = new Map([...host.sealedWith, ...guest.sealedWith]);
    const late = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    await network.run(1000);
    expectSealedCall([host, guest, late]);
    for (const [kid, key] of before) expect(late.keys.get(kid)).not.toBe(key);
    expect(stepOf(host.sealsWith!.kid)).toBeGreaterThan(0);
  });

  it("whoever goes holds no key of after", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    await network.run(1000);
    const generation = generationOf(guest.sealsWith!.kid);
    third.agreement.handleBye(network.now);
    await network.run(1000);
    expect(generationOf(guest.sealsWith!.kid)).toBe(generation + 1);
    expectSealedCall([host, guest]);
    expect([third.opens(host), third.opens(guest)]).toEqual([false, false]);
  });

  it("two therapists see the same room, and either lets in", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const other = await network.host("Eli");
    await network.run(1500);
    const late = await network.guest("Noor");
    await network.run(500);
    other.admit("Noor");
    await network.run(1500);
    expectSealedCall([host, other, guest, late]);
  });

  it("a wish for new keys gives everybody new ones", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const before = host.sealsWith!;
    host.agreement.handleRenew(network.now);
    await network.run(1000);
    expect(generationOf(host.sealsWith!.kid)).toBe(generationOf(before.kid) + 1);
    expectSealedCall([host, guest]);
    await network.run(5500);
    expect(guest.keys.has(before.kid)).toBe(false);
  });
});

describe("who is known", () => {
  it("is verified from then on when the words were compared", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    host.agreement.handleMatch(host.person("Omar").stay, network.now);
    await network.run(100);
    expect(host.person("Omar").familiarity).toBe("verified");
    const later = await Network.open(network);
    const next = await later.host("Dana", { device: host.device, contacts: host.contacts });
    await later.guest("Omar", { device: guest.device });
    await later.run(500);
    expect(next.person("Omar").familiarity).toBe("verified");
  });

  it("is known without, and loudly changed on another device", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    network.leave(guest);
    network.leave(host);
    const again = await network.host("Dana", {
      device: host.device,
      contacts: host.contacts,
      kept: host.kept,
    });
    const same = await network.guest("Omar", { device: guest.device });
    await network.run(500);
    expect(again.person("Omar").familiarity).toBe("known");
    network.leave(same);
    await network.guest("Omar");
    await network.run(500);
    expect(again.people.map(({ familiarity }) => familiarity)).toContain("changed");
  });
});

describe("silence", () => {
  it("of a host makes a guest warn after 15 s and stop sending after 30 s, until the host is back", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    network.tamper = () => [];
    await network.run(14_000);
    expect(guest.codes()).toEqual([]);
    await network.run(4000);
    expect(guest.codes()).toEqual(["unconfirmed"]);
    expect(guest.agreement.state.isHeld).toBe(false);
    await network.run(14_000);
    expect(guest.agreement.state.isHeld).toBe(true);
    network.tamper = (letter) => [letter];
    await network.run(10_000);
    expect(guest.agreement.state.isHeld).toBe(false);
    expectSealedCall([host, guest]);
  });

  it("of a member who went without a word takes its keys, and a return gives them back", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    await network.run(1000);
    network.tamper = (letter) => ([letter.from, letter.to].includes(third.participant) ? [] : [letter]);
    await network.run(36_000);
    expect(third.opens(host)).toBe(false);
    expectSealedCall([host, guest]);
    network.tamper = (letter) => [letter];
    await network.run(15_000);
    expectSealedCall([host, guest, third]);
  });

  it("of a page that slept is not held against the others", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    await network.run(4000);
    network.now += 60_000;
    host.agreement.handleTick(network.now);
    await host.agreement.idle();
    expect(host.codes()).toEqual([]);
    expect(host.person("Omar").standing).toBe("admitted");
    await network.run(10_000);
    expectSealedCall([host, guest]);
    expect(host.codes()).toEqual([]);
  });

  it("is not what a new device of somebody gone leads to", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    network.leave(guest);
    await network.run(1000);
    const other = await network.guest("Omar", { device: (await newDevice()).device });
    await network.run(2000);
    expect(other.standing).toBe("waiting");
    expect(host.people.map(({ standing }) => standing)).toEqual(["waiting"]);
  });
});

// What a server holds back, brings late, or puts beside the right thing. Each shows what holds without the attack, too.

import { describe, expect, it } from "vitest";
import { keyInfo } from "./core.ts";
import { newDevice } from "./device.ts";
import { u32 } from "./encoding.ts";
import { sealTo } from "./hpke.ts";
import type { Person } from "./agreement.ts";
import { parse, write, type Hello, type Key, type Knock, type Message } from "./messages.ts";
import { hashOf, Network, type Letter, type Member } from "./network.testkit.ts";
import { randomBytes } from "./primitives.ts";
import { certify } from "./root.ts";
import { generationOf, senderOfKid } from "./senderkeys.ts";

function typeOf({ text }: Letter): Message["type"] | undefined {
  return parse(text)?.message.type;
}

function recorded(network: Network, type: Message["type"], from: Member, to: Member): Letter[] {
  return network.record.filter(
    (letter) => typeOf(letter) === type && letter.from === from.participant && letter.to === to.participant,
  );
}

function helloOf(network: Network, member: Member): { letter: Letter; hello: Hello } {
  const letter = network.record.find((one) => typeOf(one) === "hello" && one.from === member.participant)!;
  return { letter, hello: parse(letter.text)!.message as Hello };
}

/** Dana, and Omar and Noor let in. */
async function three(): Promise<{ network: Network; host: Member; guest: Member; third: Member }> {
  const network = await Network.open();
  const [host, guest] = await network.pair();
  const third = await network.guest("Noor");
  await network.run(500);
  host.admit("Noor");
  await network.run(5000);
  return { network, host, guest, third };
}

function kidsOf(member: Member, other: Member): number[] {
  return [...member.keys.keys()].filter((kid) => senderOfKid(kid) === other.sender);
}

describe("a key of after a removal", () => {
  it("comes, and the old one goes", async () => {
    const { network, host, guest, third } = await three();
    const old = guest.sealsWith!.kid;
    host.agreement.handleRefuse(host.person("Noor").stay, network.now);
    await network.run(6000);
    expect([host.opens(guest), third.couldOpen(guest)]).toEqual([true, false]);
    expect(host.keys.has(old)).toBe(false);
  });

  it("is held back: what the one who was removed has, is not taken for others' any more", async () => {
    const { network, host, guest, third } = await three();
    const old = guest.sealsWith!.kid;
    network.tamper = (letter) =>
      typeOf(letter) === "key" && letter.from === guest.participant ? [] : [letter];
    host.agreement.handleRefuse(host.person("Noor").stay, network.now);
    await network.run(600);
    expect([host.keys.has(old), third.given.has(guest.sealsWith!.baseKey)]).toEqual([true, false]);
    await network.run(10_000);
    expect(kidsOf(host, guest)).toEqual([]);
    expect(host.codes()).toEqual([]);
    network.tamper = (letter) => [letter];
    await network.run(5000);
    expect(host.opens(guest)).toBe(true);
  });
});

describe("whoever was put back and let in again", () => {
  it("is not known by a key of before", async () => {
    const { network, host, guest, third } = await three();
    const before = recorded(network, "key", guest, third);
    const generation = generationOf(guest.sealsWith!.kid);
    host.agreement.handlePutBack(host.person("Omar").stay, network.now);
    await network.run(1000);
    expect(kidsOf(third, guest)).toEqual([]);
    network.tamper = (letter) =>
      typeOf(letter) === "key" && letter.from === guest.participant ? [] : [letter];
    host.admit("Omar");
    await network.run(5000);
    for (const letter of before) network.deliver(letter);
    await network.run(200);
    expect(kidsOf(third, guest)).toEqual([]);
    network.tamper = (letter) => [letter];
    await network.run(5000);
    expect(third.opens(guest)).toBe(true);
    expect(kidsOf(third, guest).every((kid) => generationOf(kid) > generation)).toBe(true);
  });
});

describe("an admission", () => {
  it("is hidden from another guest: who is warned, and gives the new one no key", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(5000);
    network.tamper = (letter) =>
      typeOf(letter) === "statement" && letter.to === guest.participant ? [] : [letter];
    host.admit("Noor");
    await network.run(5000);
    expect(guest.codes()).toEqual([]);
    await network.run(10_000);
    expect(guest.codes()).toContain("unconfirmed");
    expect(third.couldOpen(guest)).toBe(false);
    network.tamper = (letter) => [letter];
    await network.run(6000);
    expect(third.opens(guest)).toBe(true);
    expect(guest.person("Dana").isUnconfirmed).toBe(false);
  });
});

describe("a handshake", () => {
  it("is of one knock: another one, with other words, is not answered", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const words = host.person("Omar").words;
    const [letter] = recorded(network, "knock", guest, host);
    const knock = parse(letter!.text)!.message as Knock;
    const other = await write(
      { ...knock, commitment: randomBytes(32), linkId: new Uint8Array(0), linkMac: new Uint8Array(0) },
      guest.device.sign,
    );
    const answers = () => recorded(network, "answer", host, guest).length;
    const before = answers();
    network.deliver(letter!);
    await network.settle();
    expect(answers()).toBe(before + 1);
    network.deliver({ ...letter!, text: other.text });
    await network.settle();
    expect(answers()).toBe(before + 1);
    expect(host.codes()).toEqual(["contradiction"]);
    expect(host.person("Omar").words).toEqual(words);
  });

  it("of an earlier stay of the host proves no link to the present one", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const knocks = recorded(network, "knock", guest, host);
    network.vanish(host);
    network.tamper = (letter) => (letter.from === guest.participant ? [] : [letter]);
    const again = await network.host("Dana", { device: host.device });
    const { letter } = helloOf(network, guest);
    for (const one of [letter, ...knocks]) network.deliver({ ...one, to: again.participant });
    await network.run(5000);
    expect(again.people).toEqual([]);
    expect(again.agreement.faults.get("unknown_stay")).toBeGreaterThan(0);
    network.tamper = (one) => [one];
    await network.run(5000);
    expect(again.person("Omar").link).toBe("own_link");
  });
});

describe("a hello", () => {
  it("with other capabilities is not signed: nobody's recording is hidden", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    await network.guest("Omar");
    const { letter, hello } = helloOf(network, network.members[1]!);
    const forged = await write({ ...hello, capabilities: 1 }, (await newDevice()).device.sign);
    network.deliver({ ...letter, to: host.participant, text: forged.text });
    await network.run(500);
    expect(host.agreement.faults.get("bad_signature")).toBe(1);
    expect(host.people.map(({ name, records }) => [name, records])).toEqual([["Omar", false]]);
  });
});

describe("another one's key", () => {
  it("is not taken under one's own name: it is bound to both stays", async () => {
    const { network, host, guest, third } = await three();
    const [letter] = recorded(network, "key", host, guest);
    const key = parse(letter!.text)!.message as Key;
    const from = hashOf(third.agreement.stay);
    const kid = third.sender * 2 ** 20 + 7 * 256;
    const stolen = await write({ ...key, from, kid }, third.device.sign);
    network.deliver({ from: third.participant, to: guest.participant, text: stolen.text });
    await network.settle();
    expect(guest.codes()).toEqual(["key_contradiction"]);
    expect(guest.keys.has(kid)).toBe(false);
    const to = hashOf(guest.agreement.stay);
    const { hello } = helloOf(network, guest);
    const own = (await sealTo(hello.ephemeralKey, keyInfo(from, to), u32(kid), randomBytes(32)))!;
    const right = await write({ ...key, ...own, from, kid }, third.device.sign);
    network.deliver({ from: third.participant, to: guest.participant, text: right.text });
    await network.settle();
    expect(guest.keys.has(kid)).toBe(true);
  });

  it("with a point that leads to nothing ends no call", async () => {
    const { network, host, guest, third } = await three();
    const [letter] = recorded(network, "key", third, guest);
    const key = parse(letter!.text)!.message as Key;
    for (const enc of [new Uint8Array(32), new Uint8Array(32).fill(255), randomBytes(32)]) {
      const { text } = await write({ ...key, enc }, third.device.sign);
      network.deliver({ from: third.participant, to: guest.participant, text });
    }
    await network.run(1000);
    expect(guest.codes()).toEqual(["key_contradiction", "key_contradiction", "key_contradiction"]);
    expect([guest.standing, guest.opens(host), guest.opens(third)]).toEqual(["admitted", true, true]);
  });
});

describe("a clinic that is put beside the right one", () => {
  it("is not vouched for by a therapist who is known", async () => {
    const earlier = await Network.open();
    const dana = await earlier.host("Dana");
    const omar = await earlier.guest("Omar", { link: undefined });
    await earlier.run(500);
    omar.agreement.handleMatch(omar.person("Dana").stay, earlier.now);
    await earlier.run(100);
    // alone, she is known again
    const alone = await Network.open(earlier);
    await alone.host("Dana", { device: dana.device });
    const again = await alone.guest("Omar", { link: undefined, contacts: omar.contacts });
    await alone.run(500);
    expect(again.agreement.state.isHostAuthenticated).toBe(true);
    // with another one before her she is none of this call
    const other = await Network.open();
    const network = await Network.open(earlier);
    await network.host("Dana", { root: other.root });
    await network.host("Dana", { device: dana.device });
    const guest = await network.guest("Omar", { link: undefined, contacts: omar.contacts });
    await network.run(5000);
    expect(guest.agreement.state.isHostAuthenticated).toBe(false);
    expect(guest.people).toHaveLength(1);
    expect(guest.codes()).toContain("other_clinic");
  });
});

describe("a changed device", () => {
  it("stays that in the next call until the words were compared", async () => {
    const network = await Network.open();
    const [host] = await network.pair();
    let { contacts } = host;
    const { device } = await newDevice();
    const meet = async (): Promise<Member> => {
      const next = await Network.open(network);
      const dana = await next.host("Dana", { device: host.device, contacts });
      await next.guest("Omar", { device });
      await next.run(500);
      dana.admit("Omar");
      await next.run(1000);
      contacts = dana.agreement.contacts;
      return dana;
    };
    expect((await meet()).person("Omar").familiarity).toBe("changed");
    const dana = await meet();
    expect(dana.person("Omar").familiarity).toBe("changed");
    dana.agreement.handleMatch(dana.person("Omar").stay, dana.network.now);
    await dana.network.run(100);
    contacts = dana.agreement.contacts;
    expect((await meet()).person("Omar").familiarity).toBe("verified");
  });
});

describe("a certified name", () => {
  it("is what a host is known by, whatever else it calls itself", async () => {
    const network = await Network.open();
    const [, omar] = await network.pair();
    const meet = async (certified: string, called: string): Promise<Person> => {
      const next = await Network.open(network);
      const { device } = await newDevice();
      const about = {
        deviceId: device.id,
        name: certified,
        notBefore: 1_700_000_000,
        notAfter: 1_900_000_000,
      };
      const host = await next.host(called, { device, certificate: await certify(next.root, about) });
      const guest = await next.guest("Omar", { device: omar.device, contacts: omar.agreement.contacts });
      await next.run(500);
      host.admit("Omar");
      await next.run(1000);
      return guest.person(certified);
    };
    expect((await meet("Dana", "Somebody")).familiarity).toBe("changed");
    expect((await meet("Ben", "Dana")).familiarity).toBe("new");
  });
});

describe("a flood of messages", () => {
  it("hides from nobody that a member fell silent", async () => {
    const { network, host, third } = await three();
    network.vanish(third);
    for (let step = 0; step < 350; step += 1) {
      // there is always one more on its way when the time is told
      network.deliver({ from: 99, to: host.participant, text: "AQE" });
      await network.run(100);
    }
    expect(host.codes()).toContain("unconfirmed");
    expect(host.person("Noor").standing).toBe("away");
  });
});

describe("the last generation", () => {
  it("ends the stay, and says so", async () => {
    const network = await Network.open();
    const [host] = await network.pair();
    for (let at = 0; at < 4096; at += 1) {
      host.agreement.handleRenew(network.now);
      if (at % 256 === 0) await host.agreement.idle();
    }
    await host.agreement.idle();
    const outputs = [];
    for (let output = host.agreement.poll(); output; output = host.agreement.poll()) outputs.push(output);
    expect(host.standing).toBe("ended");
    expect(outputs.slice(-2).map(({ type }) => type)).toEqual(["warning", "changed"]);
  }, 30_000);
});

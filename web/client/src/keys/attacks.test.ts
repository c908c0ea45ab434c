// One test for each row of SK-1.md's table of attacks. In each the server, which relays everything, is the attacker,
// unless it says otherwise; and each shows that without the attack the same thing works.

import { describe, expect, it } from "vitest";
import { toBase64Url } from "../base64.ts";
import { Agreement } from "./agreement.ts";
import { newDevice } from "./device.ts";
import { concat } from "./encoding.ts";
import { parse, VERDICTS, write, type Hello, type Knock, type Message, type Statement } from "./messages.ts";
import { hashOf, Network, ROOM, type Letter, type Member } from "./network.testkit.ts";
import { newAgreementPair, randomBytes } from "./primitives.ts";
import { certify, rootOf } from "./root.ts";
import { generationOf } from "./senderkeys.ts";

function typeOf({ text }: Letter): Message["type"] | undefined {
  return parse(text)?.message.type;
}

function sealed(one: Member, other: Member): void {
  expect([one.opens(other), other.opens(one)]).toEqual([true, true]);
}

/** All letters of a type that have gone by, from somebody to somebody. */
function recorded(network: Network, type: Message["type"], from?: Member, to?: Member): Letter[] {
  return network.record.filter(
    (letter) =>
      typeOf(letter) === type &&
      (!from || letter.from === from.participant) &&
      (!to || letter.to === to.participant),
  );
}

describe("the server", () => {
  it("adds a participant: nobody gives it a key, and the therapist sees somebody unknown waiting", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const ghost = await network.guest("Omar", { link: undefined });
    // it hears all that is said
    network.tamper = (letter) => [letter, { ...letter, to: ghost.participant }];
    await network.run(20_000);
    expect([ghost.standing, ghost.keys.size]).toEqual(["waiting", 0]);
    const shown = host.people.filter(({ standing }) => standing === "waiting");
    expect(shown.map(({ link, familiarity }) => [link, familiarity])).toEqual([["none", "new"]]);
    expect(guest.people.map(({ name }) => name)).toEqual(["Dana"]);
    sealed(host, guest);
  });

  it("says of itself that it is admitted: a statement of no host lets nobody in", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const { device } = await newDevice();
    const root = await rootOf(randomBytes(32));
    const about = { deviceId: device.id, name: "Dana", notBefore: 0, notAfter: 4_000_000_000 };
    const ghost = await network.guest("Ghost", { link: { secret: randomBytes(16), rootHash: root.hash } });
    const forger = await network.host("Dana", { device, certificate: await certify(root, about) });
    await network.run(1000);
    forger.admit("Ghost");
    await network.run(5000);
    expect(ghost.standing).toBe("admitted");
    expect([ghost.everOpened(guest), ghost.everOpened(host)]).toEqual([false, false]);
    expect(guest.agreement.faults.get("other_clinic")).toBeGreaterThan(0);
    sealed(host, guest);
  });

  it("swaps the numbers of two speakers: names and keys stay where they belong", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    const swap = (number: number) =>
      number === guest.participant
        ? third.participant
        : number === third.participant
          ? guest.participant
          : number;
    network.tamper = (letter) =>
      letter.to === host.participant ? [{ ...letter, from: swap(letter.from) }] : [letter];
    await network.run(3000);
    expect(host.person("Omar").sender).toBe(guest.sender);
    expect(host.person("Noor").sender).toBe(third.sender);
  });

  it("gives two people one index: the second is not let in, and the therapist is told", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const twin = await network.guest("Noor", { sender: guest.sender });
    await network.run(500);
    host.admit("Noor");
    await network.run(2000);
    expect(host.codes()).toEqual(["index_taken"]);
    expect([twin.standing, twin.keys.size]).toEqual(["waiting", 0]);
    sealed(host, guest);
  });

  it("replays a hello of an earlier day: it is never shown, for nobody answers", async () => {
    const earlier = await Network.open();
    const [, guest] = await earlier.pair();
    const [hello] = recorded(earlier, "hello", guest);
    const network = await Network.open(earlier);
    const host = await network.host("Dana");
    network.deliver({ ...hello!, from: 77, to: host.participant });
    for (const type of ["knock", "open", "beat"] as const) {
      for (const letter of recorded(earlier, type, guest))
        network.deliver({ ...letter, from: 77, to: host.participant });
    }
    await network.run(10_000);
    expect(host.people).toEqual([]);
    // the same device, there in person
    await network.guest("Omar", { device: guest.device });
    await network.run(500);
    expect(host.people).toHaveLength(1);
  });

  it("replays statements of the same call: lesser clocks change nothing", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const admissions = recorded(network, "statement", host, guest);
    host.agreement.handlePutBack(host.person("Omar").stay, network.now);
    await network.run(1000);
    for (const letter of admissions) network.deliver(letter);
    await network.run(1000);
    expect([guest.standing, guest.opens(host)]).toEqual(["waiting", false]);
    // one that is new does
    host.admit("Omar");
    await network.run(1000);
    sealed(host, guest);
  });

  it("replays statements of an earlier stay of the host: they are of nobody who is here", async () => {
    const earlier = await Network.open();
    const [host, guest] = await earlier.pair();
    const network = await Network.open(earlier);
    const now = await network.host("Dana", { device: host.device });
    const again = await network.guest("Omar", { device: guest.device });
    await network.run(500);
    for (const letter of recorded(earlier, "statement")) {
      network.deliver({ ...letter, from: now.participant, to: again.participant });
    }
    await network.run(1000);
    expect(again.standing).toBe("waiting");
    expect(again.agreement.faults.get("unknown_stay")).toBeGreaterThan(0);
  });

  it("hides that somebody left: they get no keys after half a minute, and a warning stands before", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    await network.run(1000);
    network.vanish(third);
    await network.run(16_000);
    expect(host.codes()).toContain("unconfirmed");
    expect(guest.codes()).toContain("unconfirmed");
    await network.run(16_000);
    expect(generationOf(host.sealsWith!.kid)).toBeGreaterThan(0);
    sealed(host, guest);
  });

  it("hides a removal from another guest: the guest is warned, and stops sending", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    await network.run(1000);
    network.tamper = (letter) =>
      typeOf(letter) === "statement" && letter.to === guest.participant ? [] : [letter];
    host.agreement.handleRefuse(host.person("Noor").stay, network.now);
    await network.run(16_500);
    expect(guest.codes()).toContain("unconfirmed");
    expect(third.opens(host)).toBe(false);
    await network.run(16_000);
    expect(guest.agreement.state.isHeld).toBe(true);
    // told in the end, it goes on
    network.tamper = (letter) => [letter];
    await network.run(10_000);
    expect(guest.agreement.state.isHeld).toBe(false);
    sealed(host, guest);
  });

  it("replays beats of somebody who went: they bring nobody back", async () => {
    const network = await Network.open();
    const [host] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    await network.run(9000);
    const beats = recorded(network, "beat", third, host);
    expect(beats.length).toBeGreaterThan(2);
    network.leave(third);
    await network.run(1000);
    for (const letter of beats) network.deliver(letter);
    await network.run(2000);
    expect(host.people.filter(({ name, standing }) => name === "Noor" && standing === "admitted")).toEqual(
      [],
    );
  });

  it("delays everything evenly: both are warned", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const late: { at: number; letter: Letter }[] = [];
    network.tamper = (letter) => {
      late.push({ at: network.now + 17_000, letter });
      return [];
    };
    for (let step = 0; step < 300; step += 1) {
      for (const { letter } of late.filter(({ at }) => at <= network.now)) network.deliver(letter);
      late.splice(0, late.length, ...late.filter(({ at }) => at > network.now));
      await network.run(100);
    }
    expect(host.codes()).toContain("unconfirmed");
    expect(guest.codes()).toContain("unconfirmed");
  });

  it("claims that somebody left: new keys, and the next beat brings them back", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    host.agreement.handleLeft(guest.participant, network.now);
    await network.run(10_000);
    expect(generationOf(host.sealsWith!.kid)).toBeGreaterThan(0);
    sealed(host, guest);
    expect(guest.standing).toBe("admitted");
  });

  it("rolls a key back: a lesser generation is not taken", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const old = recorded(network, "key", host, guest);
    const first = host.sealsWith!;
    host.agreement.handleRenew(network.now);
    await network.run(6000);
    const keys = new Map(guest.keys);
    for (const letter of old) network.deliver(letter);
    await network.run(100);
    expect(guest.keys).toEqual(keys);
    expect(guest.keys.has(first.kid)).toBe(false);
    expect(guest.codes()).toContain("key_contradiction");
    sealed(host, guest);
  });

  it("moves messages between rooms: a hello names its room", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    await network.guest("Omar", { room: "another-session" });
    await network.run(2000);
    expect(host.people).toEqual([]);
    expect(host.agreement.faults.get("wrong_room")).toBeGreaterThan(0);
    await network.guest("Noor", { room: ROOM });
    await network.run(500);
    expect(host.people).toHaveLength(1);
  });

  it("reflects messages: nobody meets themselves", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    network.tamper = (letter) => [letter, { from: letter.to, to: letter.from, text: letter.text }];
    await network.run(5000);
    expect([host.people.length, guest.people.length]).toEqual([1, 1]);
    expect(host.codes()).toEqual([]);
    sealed(host, guest);
  });

  it("passes one's key as another's: it is bound to both stays", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    host.admit("Noor");
    await network.run(1000);
    const before = third.agreement.faults.get("unknown_stay") ?? 0;
    for (const letter of recorded(network, "key", host, guest))
      network.deliver({ ...letter, to: third.participant });
    for (const letter of recorded(network, "key", host, third))
      network.deliver({ ...letter, from: guest.participant });
    await network.run(1000);
    expect(third.agreement.faults.get("unknown_stay")).toBeGreaterThan(before);
    sealed(third, host);
    sealed(third, guest);
    expect(third.person("Dana").sender).toBe(host.sender);
  });

  it("stands in the middle of a mailed link: the words differ, and nobody counts as authenticated", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const toHost = await network.guest("Omar", { link: undefined });
    const between = await Network.open();
    const toGuest = await between.host("Dana");
    const guest = await between.guest("Omar", { link: undefined });
    await network.run(500);
    await between.run(500);
    expect(toHost.standing).toBe("waiting");
    expect(toGuest.person("Omar").words).toHaveLength(5);
    expect(guest.person("Dana").words).not.toEqual(host.person("Omar").words);
    expect(guest.agreement.state.isHostAuthenticated).toBe(false);
    expect(host.person("Omar").link).toBe("none");
  });

  it("stands in the middle of a link that was handed over: neither side meets anybody", async () => {
    const network = await Network.open();
    const between = await Network.open();
    const forger = await between.host("Dana");
    const guest = await between.guest("Omar", { link: network.link });
    await between.run(8000);
    expect(guest.codes()).toContain("other_clinic");
    expect([guest.standing, guest.people.length]).toEqual(["alone", 0]);
    expect(forger.person === undefined).toBe(false);
    const host = await network.host("Dana");
    await network.guest("Omar", { link: { secret: randomBytes(16), rootHash: network.root.hash } });
    await network.run(500);
    expect(host.person("Omar").link).toBe("unknown");
  });

  it("changes a knock's MAC, nonce or answer: it is noticed", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const device = (await newDevice()).device;
    const forge = async (letter: Letter): Promise<Letter> => {
      const { message } = parse(letter.text)!;
      return {
        ...letter,
        text: (await write({ ...(message as Knock), linkMac: randomBytes(32) }, device.sign)).text,
      };
    };
    const knocks: Letter[] = [];
    network.tamper = (letter) => {
      if (typeOf(letter) !== "knock") return [letter];
      knocks.push(letter);
      return [];
    };
    await network.guest("Omar", { device });
    network.deliver(await forge(knocks[0]!));
    await network.run(1000);
    expect(host.codes()).toEqual(["bad_link_mac"]);
    expect(host.people).toEqual([]);
    network.tamper = (letter) => [letter];
    await network.run(4000);
    expect(host.person("Omar").link).toBe("own_link");
  });

  it("cuts a certificate off, or puts another in: the signature is over it", async () => {
    const network = await Network.open();
    const host = await network.host("Dana");
    const [hello] = [await helloOf(network, host)];
    const { message, signature } = parse(hello)! as { message: Hello; signature: Uint8Array<ArrayBuffer> };
    const cut = { ...message, certificate: new Uint8Array(0) };
    const { bodyOf } = await import("./messages.ts");
    const text = toBase64Url(concat(bodyOf(cut), Uint8Array.of(0, 64), signature));
    const guest = await network.guest("Omar");
    const before = guest.agreement.faults.get("bad_signature") ?? 0;
    network.deliver({ from: 99, to: guest.participant, text });
    await network.run(200);
    expect(guest.agreement.faults.get("bad_signature")).toBe(before + 1);
  });

  it("sends noise: nothing changes", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    for (const text of ["", "AQ", "AQE", "%%%", "A".repeat(20_000), toBase64Url(randomBytes(500))]) {
      network.deliver({ from: 9, to: host.participant, text });
    }
    await network.run(500);
    expect(host.agreement.faults.get("malformed")).toBe(6);
    expect(host.codes(), "told once").toEqual(["malformed"]);
    sealed(host, guest);
  });
});

describe("a guest", () => {
  it("calls itself the therapist: the role comes from the certificate alone", async () => {
    const network = await Network.open();
    const [, guest] = await network.pair();
    const other = await network.guest("Dana");
    await network.run(1000);
    expect(other.agreement.role).toBe("guest");
    expect(guest.people.map(({ name, role }) => [name, role])).toEqual([["Dana", "host"]]);
  });

  it("makes a statement: it is not entitled to", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const third = await network.guest("Noor");
    await network.run(500);
    const statement: Statement = {
      type: "statement",
      from: hashOf(guest.agreement.stay),
      entries: [
        {
          deviceId: third.device.id,
          hello: hashOf(third.agreement.stay),
          sender: third.sender,
          verdict: VERDICTS.admitted,
          clock: 99,
        },
      ],
    };
    const { text } = await write(statement, guest.device.sign);
    for (const to of [host, third]) network.deliver({ from: guest.participant, to: to.participant, text });
    await network.run(1000);
    expect(host.agreement.faults.get("not_entitled")).toBe(1);
    expect(third.standing).toBe("waiting");
    host.admit("Noor");
    await network.run(1000);
    expect(third.standing).toBe("admitted");
  });

  it("sends a key that is not of its own index: it is dropped, and the person is told", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    const { keyInfo } = await import("./core.ts");
    const { sealTo } = await import("./hpke.ts");
    const { u32 } = await import("./encoding.ts");
    const [from, to] = [hashOf(guest.agreement.stay), hashOf(host.agreement.stay)];
    const ephemeral = (parse(await helloOf(network, host))!.message as Hello).ephemeralKey;
    const kid = host.sender * 2 ** 20 + 256;
    const key = (await sealTo(ephemeral, keyInfo(from, to), u32(kid), randomBytes(32)))!;
    const { text } = await write({ type: "key", from, to, kid, ...key }, guest.device.sign);
    network.deliver({ from: guest.participant, to: host.participant, text });
    await network.run(200);
    expect(host.codes()).toEqual(["key_contradiction"]);
    expect(host.keys.has(kid)).toBe(false);
    sealed(host, guest);
  });

  it("comes back after it was removed: its device is refused", async () => {
    const network = await Network.open();
    const [host, guest] = await network.pair();
    host.agreement.handleRefuse(host.person("Omar").stay, network.now);
    await network.run(500);
    network.leave(guest);
    const again = await network.guest("Omar", { device: guest.device });
    await network.run(2000);
    expect([again.standing, again.keys.size]).toEqual(["refused", 0]);
  });
});

describe("a clinic", () => {
  it("of another root is told as such, and an expired certificate is", async () => {
    const network = await Network.open();
    const guest = await network.guest("Omar");
    const other = await rootOf(randomBytes(32));
    await network.host("Dana", { root: other });
    await network.run(500);
    expect(guest.codes()).toContain("other_clinic");
    const { device } = await newDevice();
    const about = { deviceId: device.id, name: "Dana", notBefore: 0, notAfter: 1_800_000_000 - 3 * 86_400 };
    await expect(
      network.host("Dana", { device, certificate: await certify(network.root, about) }),
    ).rejects.toThrow("expired");
  });
});

describe("an agreement", () => {
  it("does not begin with a certificate of another device", async () => {
    const [{ device }, root, ephemeral] = [
      await newDevice(),
      await rootOf(randomBytes(32)),
      await newAgreementPair(),
    ];
    const about = { deviceId: ephemeral.publicKey, name: "Dana", notBefore: 0, notAfter: 4_000_000_000 };
    const certificate = await certify(root, about);
    const joining = Agreement.join({
      room: ROOM,
      name: "Dana",
      device,
      certificate,
      sender: 16,
      now: 0,
      unixNow: 1.8e12,
    });
    await expect(joining).rejects.toThrow("bad_certificate");
  });
});

/** Its own hello, as it went by. */
async function helloOf(network: Network, member: Member): Promise<string> {
  if (recorded(network, "hello", member).length === 0) await network.guest("Listener");
  return recorded(network, "hello", member)[0]!.text;
}

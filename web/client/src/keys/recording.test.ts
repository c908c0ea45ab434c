// A recording that people agree to, and don't: who agrees, when the span is open, and what the capsules open.

import { beforeEach, describe, expect, it } from "vitest";
import { openBox } from "./capsule.ts";
import type { Core } from "./core.ts";
import { newDevice, type Device } from "./device.ts";
import { equal, hex } from "./encoding.ts";
import type { CheckedHello } from "./hello.ts";
import { parse, write } from "./messages.ts";
import { hashOf, Network, type Letter, type Member } from "./network.testkit.ts";
import { Peers } from "./peers.ts";
import { newAgreementPair, randomBytes, type KeyPair } from "./primitives.ts";
import { isRight, type Proposing } from "./proposal.ts";
import type { Consent, Proposal } from "./recording-messages.ts";
import { recoveryKeyOf, recoveryPairOf } from "./recovery.ts";
import { rootOf } from "./root.ts";
import { generationOf } from "./senderkeys.ts";

const ALL = { microphone: true, camera: true, screen: false };

let network: Network;
let host: Member;
let omar: Member;
let noor: Member;

beforeEach(async () => {
  network = await Network.open();
  host = await network.host("Dana");
  [omar, noor] = [await network.guest("Omar"), await network.guest("Noor")];
  await network.run(500);
  for (const name of ["Omar", "Noor"]) host.admit(name);
  await network.run(1000);
});

function propose(more: Partial<Proposing> = {}, author = host): void {
  const subjects = [{ stay: omar.agreement.stay, ...ALL }];
  const proposing = {
    purpose: "roleplay",
    days: 14,
    subjects,
    forClient: true,
    clinic: true,
    ...more,
  } as const;
  author.agreement.handlePropose(proposing, network.now);
}

function say(yes: boolean, ...members: Member[]): void {
  for (const member of members) member.answer(yes);
}

async function open(more: Partial<Proposing> = {}): Promise<void> {
  propose(more);
  await network.settle();
  say(true, omar, noor);
  await network.run(600);
  expect([host, omar, noor].map(({ recording }) => recording?.isOpen)).toEqual([true, true, true]);
}

const generation = (member: Member) => generationOf(member.sealsWith!.kid);
const over = (...members: Member[]) => members.map(({ recording }) => recording?.over);
const isOpen = (...members: Member[]) => members.map(({ recording }) => recording?.isOpen);

function letters(type: string): Letter[] {
  return network.record.filter(({ text }) => parse(text)?.message.type === type);
}

describe("a proposal", () => {
  it("says to everybody what is asked, and is in force before it is agreed to", async () => {
    propose();
    await network.run(300);
    expect(omar.recording).toMatchObject({
      recording: host.recording!.recording,
      purpose: "roleplay",
      days: 14,
      author: "Dana",
      isOwnProposal: false,
      subjects: [{ name: "Omar", isYou: true, ...ALL }],
      recipients: [
        { role: "therapist", name: "Dana", isYou: false },
        { role: "clinic", name: "", isYou: false },
        { role: "client", name: "Omar", isYou: true },
      ],
      answer: undefined,
      agreeing: [host.agreement.stay],
      missing: [noor.agreement.stay],
      isOpen: false,
      over: undefined,
    });
    expect(noor.recording!.subjects[0]).toMatchObject({ name: "Omar", isYou: false });
    expect(host.recording).toMatchObject({ isOwnProposal: true, answer: "yes", agreeing: [] });
  });

  it("that all agree to opens the span: a new generation, with a capsule of whoever is recorded", async () => {
    const before = [host, omar, noor].map(generation);
    await open();
    expect([host, omar, noor].map(generation)).toEqual(before.map((one) => one + 1));
    expect([host, omar, noor].map(({ capsules }) => capsules.length)).toEqual([0, 1, 0]);
    expect(omar.capsules[0]!.kid).toBe(omar.sealsWith!.kid);
    expect(omar.late).toEqual([]);
    expect(host.opens(omar) && noor.opens(omar)).toBe(true);
  });

  it("is not in force while there is another one, of whichever host", async () => {
    const second = await network.host("Ines");
    await network.run(1000);
    propose();
    await network.run(300);
    const first = host.recording!.recording;
    propose({}, second);
    propose();
    await network.run(5000);
    for (const one of [host, omar, noor, second]) expect(one.recording!.recording).toBe(first);
    const { text } = await write(proposalOf(second), second.device.sign);
    await network.say(second, "members", text);
    for (const one of [host, omar, noor]) expect(one.recording!.recording).toBe(first);
    say(false, omar);
    await network.run(300);
    await network.say(second, "members", text);
    for (const one of [host, omar, noor]) expect(one.recording!.author).toBe("Ines");
  });

  it("of a guest, or of a host who was not let in, is dropped", async () => {
    propose({}, omar);
    const forged = { ...proposalOf(omar), recipients: [recipient("therapist", omar.device.agreementKey)] };
    await network.say(omar, "members", (await write(forged, omar.device.sign)).text);
    await network.run(300);
    expect([host, omar, noor].map(({ recording }) => recording)).toEqual([undefined, undefined, undefined]);
  });

  it("with a recipient that is nobody of those is dropped", async () => {
    const foreign = (await newAgreementPair()).publicKey;
    const own = recipient("therapist", host.device.agreementKey);
    const clinic = recoveryKeyOf(network.root.publicKey);
    const otherClinic = recoveryKeyOf((await rootOf(randomBytes(32))).publicKey);
    const wrong = [
      [recipient("therapist", foreign)],
      [own, recipient("clinic", otherClinic)],
      [own, recipient("client", foreign)],
      // a member, and not recorded
      [own, recipient("client", noor.device.agreementKey)],
      [own, recipient("client", new Uint8Array(32))],
      [recipient("therapist", omar.device.agreementKey)],
    ];
    for (const recipients of wrong) {
      const { text } = await write({ ...proposalOf(host), recipients }, host.device.sign);
      await network.say(host, "members", text);
      expect(omar.recording).toBeUndefined();
    }
    const recipients = [own, recipient("clinic", clinic), recipient("client", omar.device.agreementKey)];
    await network.say(
      host,
      "members",
      (await write({ ...proposalOf(host), recipients }, host.device.sign)).text,
    );
    expect(omar.recording?.author).toBe("Dana");
  });

  it("is agreed to as it was shown: a yes to another one counts nothing, whatever that is called", async () => {
    const own = recipient("therapist", host.device.agreementKey);
    const first = { ...proposalOf(host), recipients: [own] };
    await network.say(host, "members", (await write(first, host.device.sign)).text);
    const shown = omar.recording!.proposal;
    const second: Proposal = { ...first, at: first.at + 1, days: 3650 };
    await network.say(host, "members", (await write(second, host.device.sign)).text);
    expect(omar.recording).toMatchObject({ recording: hex(first.recording), days: 3650 });
    omar.agreement.handleAnswer(shown, true, network.now);
    await network.settle();
    expect(omar.recording!.answer).toBeUndefined();
    // and the one before it does not come back
    await network.say(host, "members", (await write(first, host.device.sign)).text);
    expect(omar.recording!.days).toBe(3650);
  });

  it("of a clinic whose root makes no key that can be sealed to is dropped", async () => {
    const core = { own: { deviceId: omar.device.id, hello: {} }, peers: new Peers() } as Core;
    // y = 1: the neutral element, whose other form is zero
    const root = Uint8Array.of(1, ...new Uint8Array(31));
    const author = { hello: host.device, certificate: { root } } as unknown as CheckedHello;
    const recipients = [recipient("clinic", recoveryKeyOf(root))];
    expect(isRight(core, author, { ...proposalOf(host), recipients })).toBe(false);
  });

  it("that names nobody, or too many, is not made", async () => {
    propose({ subjects: [] });
    propose({ subjects: [{ stay: "nobody", ...ALL }] });
    propose({ subjects: [{ stay: omar.agreement.stay, microphone: false, camera: false, screen: false }] });
    propose({ days: 0 });
    propose({ days: 3651 });
    await network.run(300);
    expect([host.recording, host.standing]).toEqual([undefined, "admitted"]);
  });
});

describe("a no", () => {
  it("closes the span within 0.3 s, and no capsule opens what follows", async () => {
    await open();
    const before = generation(omar);
    say(false, noor);
    await network.run(300);
    expect(over(host, omar, noor)).toEqual(["refused", "refused", "refused"]);
    expect(generation(omar)).toBe(before + 1);
    expect([omar.isCaptured, omar.capsules.length]).toEqual([false, 1]);
    await network.run(5000);
    expect(isOpen(host, omar, noor)).toEqual([false, false, false]);
  });

  it("is final: who says yes after it opens nothing, and the proposal said again is not in force", async () => {
    await open();
    const proposal = letters("proposal").find(({ to }) => to === omar.participant)!;
    say(false, omar);
    await network.run(500);
    say(true, omar, noor, host);
    network.deliver(proposal);
    await network.run(500);
    expect(over(host, omar, noor)).toEqual(["refused", "refused", "refused"]);
    expect(omar.isCaptured).toBe(false);
  });

  it("leaves the host free to ask again", async () => {
    await open();
    say(false, host);
    await network.run(500);
    const first = omar.recording!.recording;
    await open();
    expect(omar.recording!.recording).not.toBe(first);
    expect(omar.capsules.length).toBe(2);
  });

  it("that the server loses is said again", async () => {
    await open();
    network.tamper = (letter) => (parse(letter.text)?.message.type === "consent" ? [] : [letter]);
    say(false, noor);
    await network.run(1000);
    expect(isOpen(omar, noor)).toEqual([true, false]);
    network.tamper = (letter) => [letter];
    await network.run(4500);
    expect(over(host, omar)).toEqual(["refused", "refused"]);
  });
});

describe("somebody who comes", () => {
  async function come(): Promise<Member> {
    const eli = await network.guest("Eli");
    await network.run(500);
    host.admit("Eli");
    await network.settle();
    return eli;
  }

  it("closes the span before they have a key, and their yes opens it by another generation", async () => {
    await open();
    const captured = omar.sealsWith!;
    const eli = await come();
    expect(isOpen(host, omar, noor)).toEqual([false, false, false]);
    await network.run(400);
    expect(omar.isCaptured).toBe(false);
    expect(eli.opens(omar)).toBe(true);
    expect(eli.given.has(captured.baseKey)).toBe(false);
    expect(eli.recording).toMatchObject({ author: "Dana", answer: undefined, missing: [] });
    say(true, eli);
    await network.run(500);
    expect(isOpen(host, omar, noor, eli)).toEqual([true, true, true, true]);
    expect([omar.capsules.length, omar.isCaptured]).toEqual([2, true]);
    expect(generationOf(omar.capsules[1]!.kid)).toBe(generationOf(captured.kid) + 2);
  });

  it("and says no ends it", async () => {
    await open();
    const eli = await come();
    await network.run(400);
    say(false, eli);
    await network.run(400);
    expect(over(host, omar, noor, eli)).toEqual(Array(4).fill("refused"));
    expect([omar.capsules.length, omar.isCaptured]).toEqual([1, false]);
  });

  it("anew by a reload has not agreed in this stay", async () => {
    await open();
    network.leave(omar);
    const again = await network.guest("Omar", { device: omar.device });
    await network.run(1000);
    expect(again.standing).toBe("admitted");
    expect(isOpen(host, noor, again)).toEqual([false, false, false]);
    say(true, again);
    await network.run(500);
    expect(isOpen(host, noor, again)).toEqual([true, true, true]);
    // the same device, therefore recorded
    expect(again.isCaptured).toBe(true);
  });
});

describe("somebody who goes", () => {
  it("while the host reloads is no member after half a minute, and keeps nothing from being recorded", async () => {
    network.vanish(noor);
    network.vanish(host);
    const { device, kept } = host;
    host = await network.host("Dana", { device, kept });
    await network.run(1000);
    propose();
    await network.settle();
    say(true, omar);
    await network.run(20_000);
    expect(isOpen(host, omar)).toEqual([false, false]);
    await network.run(12_000);
    expect(isOpen(host, omar)).toEqual([true, true]);
  });

  it("leaves it open, with another generation and its capsule", async () => {
    await open();
    const before = generation(omar);
    network.leave(noor);
    await network.run(500);
    expect(isOpen(host, omar)).toEqual([true, true]);
    expect(generation(omar)).toBe(before + 1);
    expect([omar.capsules.length, omar.isCaptured, omar.late.length]).toEqual([2, true, 0]);
  });

  it("and who proposed ends it, however they go", async () => {
    const second = await network.host("Ines");
    await network.run(1000);
    propose();
    await network.settle();
    say(true, omar, noor, second);
    await network.run(500);
    expect(isOpen(host, omar, noor, second)).toEqual([true, true, true, true]);
    host.agreement.handleBye(network.now);
    await network.run(500);
    expect(over(omar, noor, second)).toEqual(Array(3).fill("author_gone"));
    expect(omar.isCaptured).toBe(false);
    expect(omar.standing).toBe("admitted");
  });

  it("and is put back to the waiting room seals nothing for it, and is asked nothing again", async () => {
    await open();
    host.agreement.handlePutBack(omar.agreement.stay, network.now);
    await network.run(500);
    expect([omar.standing, omar.isCaptured, omar.recording!.isOpen]).toEqual(["waiting", false, false]);
    expect(isOpen(host, noor)).toEqual([true, true]);
    host.admit("Omar");
    await network.run(1000);
    expect(isOpen(host, omar, noor)).toEqual([true, true, true]);
    expect(omar.isCaptured).toBe(true);
  });

  it("silently ends what they proposed after half a minute", async () => {
    await open();
    network.vanish(host);
    await network.run(25_000);
    expect(isOpen(omar, noor)).toEqual([true, true]);
    await network.run(10_000);
    expect(over(omar, noor)).toEqual(["author_gone", "author_gone"]);
    expect(omar.isCaptured).toBe(false);
  });

  it("by the server's word alone ends what they proposed", async () => {
    await open();
    for (const one of [omar, noor]) one.agreement.handleLeft(host.participant, network.now);
    await network.run(400);
    expect(over(omar, noor)).toEqual(["author_gone", "author_gone"]);
  });
});

describe("the server", () => {
  it("ends a recording by its word, and no other one", async () => {
    await open();
    omar.agreement.handleEnded("00".repeat(16), network.now);
    await network.run(400);
    expect(omar.recording!.isOpen).toBe(true);
    omar.agreement.handleEnded(omar.recording!.recording, network.now);
    await network.run(400);
    expect([omar.recording!.over, omar.isCaptured]).toEqual(["ended", false]);
  });

  it("moves no consent to another recording", async () => {
    await open();
    const yes = letters("consent").filter(({ from }) => from === noor.participant);
    say(false, host);
    await network.run(500);
    propose();
    await network.settle();
    say(true, omar);
    for (const letter of yes) network.deliver(letter);
    await network.run(500);
    expect(isOpen(host, omar)).toEqual([false, false]);
    expect(omar.recording!.missing).toEqual([noor.agreement.stay]);
  });

  it("closes no span by what was said before", async () => {
    await open();
    const earlier = letters("consent").filter(({ from }) => from === noor.participant);
    say(false, noor);
    await network.run(500);
    earlier.push(...letters("consent").filter(({ from }) => from === noor.participant));
    await open();
    for (const letter of earlier) network.deliver(letter);
    await network.run(500);
    expect(isOpen(host, omar, noor)).toEqual([true, true, true]);
  });

  it("brings no earlier consent back", async () => {
    propose();
    await network.settle();
    say(true, noor);
    await network.settle();
    const yes = letters("consent").filter(({ from }) => from === noor.participant);
    // no to this one, which is over by it; the next one is not agreed to by what was said before
    say(false, noor);
    await network.settle();
    for (const letter of yes) network.deliver(letter);
    say(true, omar);
    await network.run(500);
    expect(over(host, omar, noor)).toEqual(["refused", "refused", "refused"]);
  });

  it("forges no consent: another device's signature counts nothing", async () => {
    propose();
    await network.settle();
    say(true, omar);
    await network.settle();
    const proposal = (parse(letters("consent")[0]!.text)!.message as Consent).proposal;
    const from = hashOf(noor.agreement.stay);
    const consent: Consent = { type: "consent", from, proposal, counter: 1, answer: "yes" };
    for (const signer of [omar.device, (await newDevice()).device]) {
      const { text } = await write(consent, signer.sign);
      for (const to of [host, omar]) network.deliver({ from: noor.participant, to: to.participant, text });
      await network.settle();
    }
    await network.run(500);
    expect(isOpen(host, omar, noor)).toEqual([false, false, false]);
  });

  it("that loses one word between two is made good: whoever lacks it says theirs again, and is told", async () => {
    const isLost = ({ from, to, text }: Letter) =>
      from === omar.participant && to === noor.participant && parse(text)?.message.type === "consent";
    network.tamper = (letter) => (isLost(letter) ? [] : [letter]);
    propose();
    await network.settle();
    say(true, omar, noor);
    await network.run(500);
    expect(isOpen(host, omar, noor)).toEqual([true, true, false]);
    network.tamper = (letter) => [letter];
    await network.run(5000);
    expect(isOpen(host, omar, noor)).toEqual([true, true, true]);
  });

  it("that loses a proposal and consents is made good", async () => {
    let lost = 0;
    network.tamper = (letter) => {
      const type = parse(letter.text)?.message.type;
      return (type === "proposal" || type === "consent") && (lost += 1) <= 8 ? [] : [letter];
    };
    propose();
    await network.run(9000);
    say(true, omar, noor);
    await network.run(9000);
    expect(isOpen(host, omar, noor)).toEqual([true, true, true]);
  });
});

describe("a capsule", () => {
  it("opens for each recipient with the key that is sealed with, and for no other", async () => {
    const root = randomBytes(32);
    network = await Network.open();
    const opened = await rootOf(root);
    host = await network.host("Dana", { root: opened });
    omar = await network.guest("Omar", { link: undefined });
    await network.run(500);
    host.admit("Omar");
    await network.run(1000);
    propose();
    await network.settle();
    say(true, omar);
    await network.run(500);
    const [capsule] = omar.capsules;
    const key = omar.sealsWith!.baseKey;
    const holders = [pairOf(host.device), await recoveryPairOf(root), pairOf(omar.device)];
    const stranger = (await newDevice()).device;
    expect(capsule!.boxes.length).toBe(3);
    for (const [at, box] of capsule!.boxes.entries()) {
      for (const [holder, pair] of holders.entries()) {
        const base = await openBox(pair, capsule!, box);
        expect(base && hex(base)).toBe(at === holder ? key : undefined);
      }
      expect(await openBox(pairOf(stranger), capsule!, box)).toBeUndefined();
    }
  });

  it("is for the therapist alone where nobody else was named", async () => {
    await open({ clinic: false, forClient: false });
    expect(omar.capsules[0]!.boxes.length).toBe(1);
    expect(omar.recording!.recipients).toEqual([{ role: "therapist", name: "Dana", isYou: false }]);
  });

  it("is of whoever is named alone, the host too", async () => {
    await open({ subjects: [host, noor].map(({ agreement }) => ({ stay: agreement.stay, ...ALL })) });
    expect([host, omar, noor].map(({ isCaptured }) => isCaptured)).toEqual([true, false, true]);
    expect(equal(host.capsules[0]!.from, hashOf(host.agreement.stay))).toBe(true);
  });

  it("follows a generation that the user wants", async () => {
    await open();
    omar.agreement.handleRenew(network.now);
    await network.run(500);
    expect([omar.capsules.length, omar.isCaptured, omar.late.length]).toEqual([2, true, 0]);
  });
});

function pairOf({ agree, agreementKey }: Device): KeyPair {
  return { privateKey: agree, publicKey: agreementKey };
}

function recipient(role: Proposal["recipients"][number]["role"], key: Device["agreementKey"]) {
  return { role, key };
}

function proposalOf(author: Member): Proposal {
  return {
    type: "proposal",
    from: hashOf(author.agreement.stay),
    recording: randomBytes(16),
    at: 1_800_000_100,
    purpose: "supervision",
    days: 1,
    subjects: [{ deviceId: omar.device.id, what: 1 }],
    recipients: [recipient("therapist", author.device.agreementKey)],
  };
}

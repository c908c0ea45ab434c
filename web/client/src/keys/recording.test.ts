// A recording that people agree to, and don't: who agrees, when the span is open, and who may ask.

import { beforeEach, describe, expect, it } from "vitest";
import type { Core } from "./core.ts";
import { hex } from "./encoding.ts";
import type { CheckedHello } from "./hello.ts";
import { parse, write } from "./messages.ts";
import type { Member, Network } from "./network.testkit.ts";
import { Peers } from "./peers.ts";
import { newAgreementPair, randomBytes } from "./primitives.ts";
import { isRight, type Proposing } from "./proposal.ts";
import { isOpen, over, recipient, RecordedCall, say, SOUND_AND_PICTURE } from "./recorded-call.testkit.ts";
import type { Proposal } from "./recording-messages.ts";
import { recoveryKeyOf } from "./recovery.ts";
import { rootOf } from "./root.ts";
import { generationOf } from "./senderkeys.ts";

let call: RecordedCall;
let network: Network;
let host: Member;
let omar: Member;
let noor: Member;

beforeEach(async () => {
  call = await RecordedCall.open();
  ({ network, host, omar, noor } = call);
});

async function open(more: Partial<Proposing> = {}): Promise<void> {
  await call.agree(more);
  expect(isOpen(host, omar, noor)).toEqual([true, true, true]);
}

const generation = (member: Member) => generationOf(member.sealsWith!.kid);

describe("a proposal", () => {
  it("says to everybody what is asked, and is in force before it is agreed to", async () => {
    call.propose();
    await network.run(300);
    expect(omar.recording).toMatchObject({
      recording: host.recording!.recording,
      purpose: "roleplay",
      days: 14,
      author: "Dana",
      isOwnProposal: false,
      subjects: [{ name: "Omar", isYou: true, ...SOUND_AND_PICTURE }],
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
    call.propose();
    await network.run(300);
    const first = host.recording!.recording;
    call.propose({}, second);
    call.propose();
    await network.run(5000);
    for (const one of [host, omar, noor, second]) expect(one.recording!.recording).toBe(first);
    const { text } = await write(call.proposalOf(second), second.device.sign);
    await network.say(second, "members", text);
    for (const one of [host, omar, noor]) expect(one.recording!.recording).toBe(first);
    say(false, omar);
    await network.run(300);
    await network.say(second, "members", text);
    for (const one of [host, omar, noor]) expect(one.recording!.author).toBe("Ines");
  });

  it("of a guest, or of a host who was not let in, is dropped", async () => {
    call.propose({}, omar);
    const forged = {
      ...call.proposalOf(omar),
      recipients: [recipient("therapist", omar.device.agreementKey)],
    };
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
      const { text } = await write({ ...call.proposalOf(host), recipients }, host.device.sign);
      await network.say(host, "members", text);
      expect(omar.recording).toBeUndefined();
    }
    const recipients = [own, recipient("clinic", clinic), recipient("client", omar.device.agreementKey)];
    await network.say(
      host,
      "members",
      (await write({ ...call.proposalOf(host), recipients }, host.device.sign)).text,
    );
    expect(omar.recording?.author).toBe("Dana");
  });

  it("is agreed to as it was shown: a yes to another one counts nothing, whatever that is called", async () => {
    const own = recipient("therapist", host.device.agreementKey);
    const first = { ...call.proposalOf(host), recipients: [own] };
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
    expect(isRight(core, author, { ...call.proposalOf(host), recipients })).toBe(false);
  });

  it("that names nobody, or too many, is not made", async () => {
    call.propose({ subjects: [] });
    call.propose({ subjects: [{ stay: "nobody", ...SOUND_AND_PICTURE }] });
    call.propose({
      subjects: [{ stay: omar.agreement.stay, microphone: false, camera: false, screen: false }],
    });
    call.propose({ days: 0 });
    call.propose({ days: 3651 });
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
    const proposal = call.letters("proposal").find(({ to }) => to === omar.participant)!;
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
    call.propose({}, host);
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
    call.propose();
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

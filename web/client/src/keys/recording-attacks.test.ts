// What a server can't do to a recording, and what its capsules open.

import { beforeEach, describe, expect, it } from "vitest";
import { openBox } from "./capsule.ts";
import { newDevice, type Device } from "./device.ts";
import { equal, hex } from "./encoding.ts";
import { parse, write } from "./messages.ts";
import { hashOf, type Letter, type Member, type Network } from "./network.testkit.ts";
import type { KeyPair } from "./primitives.ts";
import type { Proposing } from "./proposal.ts";
import { isOpen, over, RecordedCall, say, SOUND_AND_PICTURE } from "./recorded-call.testkit.ts";
import type { Consent } from "./recording-messages.ts";
import { recoveryPairOf } from "./recovery.ts";

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
    const yes = call.letters("consent").filter(({ from }) => from === noor.participant);
    say(false, host);
    await network.run(500);
    call.propose();
    await network.settle();
    say(true, omar);
    for (const letter of yes) network.deliver(letter);
    await network.run(500);
    expect(isOpen(host, omar)).toEqual([false, false]);
    expect(omar.recording!.missing).toEqual([noor.agreement.stay]);
  });

  it("closes no span by what was said before", async () => {
    await open();
    const earlier = call.letters("consent").filter(({ from }) => from === noor.participant);
    say(false, noor);
    await network.run(500);
    earlier.push(...call.letters("consent").filter(({ from }) => from === noor.participant));
    await open();
    for (const letter of earlier) network.deliver(letter);
    await network.run(500);
    expect(isOpen(host, omar, noor)).toEqual([true, true, true]);
  });

  it("brings no earlier consent back", async () => {
    call.propose();
    await network.settle();
    say(true, noor);
    await network.settle();
    const yes = call.letters("consent").filter(({ from }) => from === noor.participant);
    // no to this one, which is over by it; the next one is not agreed to by what was said before
    say(false, noor);
    await network.settle();
    for (const letter of yes) network.deliver(letter);
    say(true, omar);
    await network.run(500);
    expect(over(host, omar, noor)).toEqual(["refused", "refused", "refused"]);
  });

  it("forges no consent: another device's signature counts nothing", async () => {
    call.propose();
    await network.settle();
    say(true, omar);
    await network.settle();
    const proposal = (parse(call.letters("consent")[0]!.text)!.message as Consent).proposal;
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
    call.propose();
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
    call.propose();
    await network.run(9000);
    say(true, omar, noor);
    await network.run(9000);
    expect(isOpen(host, omar, noor)).toEqual([true, true, true]);
  });
});

describe("a capsule", () => {
  it("opens for each recipient with the key that is sealed with, and for no other", async () => {
    await open();
    const [capsule] = omar.capsules;
    const key = omar.sealsWith!.baseKey;
    const holders = [pairOf(host.device), await recoveryPairOf(network.seed), pairOf(omar.device)];
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
    await open({
      subjects: [host, noor].map(({ agreement }) => ({ stay: agreement.stay, ...SOUND_AND_PICTURE })),
    });
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

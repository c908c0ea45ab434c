// Calls in which messages are late, come twice, out of order or not at all, under seeds: whatever happens, nobody but
// who is admitted holds keys, nothing goes back, and when the disturbance ends all agree.

import { describe, expect, it } from "vitest";
import { Disturbance, random } from "./disturbance.testkit.ts";
import { hex } from "./encoding.ts";
import { parse } from "./messages.ts";
import { Network, type Member } from "./network.testkit.ts";
import { generationOf } from "./senderkeys.ts";

const SEEDS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233];

/**
 * Looks twice a second at what must never be: a way back to an older key, and a key with somebody of whom its sender
 * has known for half a second that they are not in.
 */
function watch(everybody: Member[]): () => void {
  const own = new Map<Member, number>();
  let outside = new Set<string>();
  return () => {
    const outsideNow = new Set<string>();
    for (const sender of everybody) {
      const generation = generationOf(sender.sealsWith?.kid ?? 0);
      expect(generation).toBeGreaterThanOrEqual(own.get(sender) ?? 0);
      own.set(sender, generation);
      expect(sender.back).toEqual([]);
      // who is not in itself seals nothing
      if (sender.standing !== "admitted") continue;
      const members = sender.people.filter(({ standing }) => standing === "admitted");
      for (const other of everybody) {
        if (other === sender || members.some(({ stay }) => stay === other.agreement.stay)) continue;
        const pair = `${other.participant} of ${sender.participant}`;
        outsideNow.add(pair);
        if (outside.has(pair)) expect(other.couldOpen(sender), `the key ${pair}`).toBe(false);
      }
    }
    outside = outsideNow;
  };
}

/** What those who are in say of who is, by their last beats. */
function membershipsOf({ record, members }: Network): Set<string> {
  const last = new Map<number, string>();
  for (const { from, text } of record) {
    const message = parse(text)?.message;
    if (message?.type === "beat") last.set(from, hex(message.membership));
  }
  const admitted = members.filter(({ standing }) => standing === "admitted");
  return new Set(admitted.map(({ participant }) => last.get(participant) ?? "none"));
}

/** One of the key messages that went by, once more. */
function replayKey(network: Network, chance: () => number): void {
  const keys = network.record.filter(({ text }) => parse(text)?.message.type === "key");
  const one = keys[Math.floor(chance() * keys.length)];
  if (one) network.deliver(one);
}

describe("a disturbed call", () => {
  it.each(SEEDS)(
    "comes to rest with everybody in agreement (seed %i)",
    async (seed) => {
      const chance = random(seed);
      const network = await Network.open();
      const disturbance = new Disturbance(network, chance);
      const host = await network.host("Dana");
      const guests: Member[] = [];
      for (const name of ["Omar", "Noor", "Eli"]) guests.push(await network.guest(name));
      const outsider = await network.guest("Nobody");
      const check = watch([host, ...guests, outsider]);
      for (let step = 0; step < 40; step += 1) {
        await disturbance.run(500);
        replayKey(network, chance);
        await network.settle();
        check();
        expect(outsider.keys.size).toBe(0);
        const someone = host.people[Math.floor(chance() * host.people.length)];
        if (!someone || someone.name === "Nobody") continue;
        const draw = chance();
        if (draw < 0.5) host.agreement.handleAdmit(someone.stay, network.now);
        else if (draw < 0.6) host.agreement.handlePutBack(someone.stay, network.now);
        else if (draw < 0.65) host.agreement.handleRenew(network.now);
        else if (draw < 0.7 && someone.standing === "admitted")
          host.agreement.handleLeft(someone.participant, network.now);
      }
      await disturbance.end();
      expect(membershipsOf(network).size).toBe(1);
      for (const person of host.people) {
        if (person.name !== "Nobody") host.agreement.handleAdmit(person.stay, network.now);
      }
      await network.run(10_000);
      const everybody = [host, ...guests];
      expect(guests.map(({ standing }) => standing)).toEqual(["admitted", "admitted", "admitted"]);
      for (const one of everybody) {
        for (const other of everybody)
          if (one !== other)
            expect(one.opens(other), `${one.participant} opens ${other.participant}`).toBe(true);
        expect(one.people.filter(({ isUnconfirmed }) => isUnconfirmed)).toEqual([]);
        expect(outsider.everOpened(one)).toBe(false);
      }
      expect(membershipsOf(network).size).toBe(1);
      expect([outsider.standing, outsider.keys.size]).toEqual(["waiting", 0]);
    },
    60_000,
  );
});

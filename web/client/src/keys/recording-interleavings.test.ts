// Recordings in calls in which messages are late, come twice, out of order or not at all, under seeds: whatever happens,
// the capsules open what was sealed within the span of their sender, and nothing else.

import { describe, expect, it } from "vitest";
import { Disturbance, random } from "./disturbance.testkit.ts";
import { Network, type Member } from "./network.testkit.ts";

const SEEDS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89];

/** The switch to a new generation, and the tick that does it. */
const SWITCH_MS = 400;

/** Looks ten times a second at whether what is sealed is captured exactly while the span is open. */
class Watch {
  /** Since when it is not so. */
  readonly #since = new Map<Member, number>();

  constructor(readonly network: Network) {}

  look(everybody: Member[]): void {
    for (const member of everybody) {
      const { isOpen = false, subjects = [] } = member.recording ?? {};
      expect(member.late, "a key in use before its capsule").toEqual([]);
      const isRight = member.isCaptured === (isOpen && subjects.some(({ isYou }) => isYou));
      if (isRight) this.#since.delete(member);
      else if (!this.#since.has(member)) this.#since.set(member, this.network.now);
      const span = this.network.now - (this.#since.get(member) ?? this.network.now);
      expect(span, `${member.participant} at ${this.network.now}`).toBeLessThan(SWITCH_MS);
    }
  }
}

describe("a disturbed recording", () => {
  it.each(SEEDS)(
    "captures what was agreed to and nothing else (seed %i)",
    async (seed) => {
      const chance = random(seed);
      const network = await Network.open();
      const disturbance = new Disturbance(network, chance);
      const host = await network.host("Dana");
      const guests: Member[] = [];
      for (const name of ["Omar", "Noor", "Eli"]) guests.push(await network.guest(name));
      const everybody = [host, ...guests];
      const watch = new Watch(network);
      const subjects = () =>
        host.people
          .filter(({ standing, name }) => standing === "admitted" && name !== "Eli")
          .map(({ stay }) => ({ stay, microphone: true, camera: false, screen: true }));
      let spans = 0;
      for (let step = 0; step < 80; step += 1) {
        for (let tick = 0; tick < 4; tick += 1) {
          await disturbance.run(100);
          watch.look(everybody);
        }
        spans += everybody.filter(({ recording }) => recording?.isOpen).length;
        const someone = host.people[Math.floor(chance() * host.people.length)];
        const draw = chance();
        if (draw < 0.3 && someone) host.agreement.handleAdmit(someone.stay, network.now);
        else if (draw < 0.33 && someone) host.agreement.handlePutBack(someone.stay, network.now);
        else if (draw < 0.37) guests[Math.floor(chance() * 3)]!.agreement.handleRenew(network.now);
        else if (draw < 0.4) everybody[Math.floor(chance() * 4)]!.answer(false);
        else if (draw < 0.43 && someone?.standing === "admitted")
          host.agreement.handleLeft(someone.participant, network.now);
        else if (draw < 0.6) {
          const proposing = { purpose: "activity", days: 7, forClient: false, clinic: true } as const;
          host.agreement.handlePropose({ ...proposing, subjects: subjects() }, network.now);
        } else for (const guest of guests) guest.answer(true);
      }
      expect(spans).toBeGreaterThan(0);
      await disturbance.end();
      for (const { stay } of host.people) host.agreement.handleAdmit(stay, network.now);
      await network.run(10_000);
      for (const one of everybody) one.answer(false);
      await network.run(5000);
      for (const one of everybody) expect(one.isCaptured).toBe(false);
      const proposing = { purpose: "activity", days: 7, forClient: true, clinic: true } as const;
      host.agreement.handlePropose({ ...proposing, subjects: subjects() }, network.now);
      await network.settle();
      for (const guest of guests) guest.answer(true);
      await network.run(1000);
      expect(everybody.map(({ recording }) => recording?.isOpen)).toEqual([true, true, true, true]);
      expect(everybody.map(({ isCaptured }) => isCaptured)).toEqual([false, true, true, false]);
    },
    60_000,
  );
});

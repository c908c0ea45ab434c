// A host and two guests who are asked whether the call is recorded.
//
// Owns: their room, and the words of a test about them. Never does: expect anything.

import { parse } from "./messages.ts";
import { hashOf, Network, type Letter, type Member } from "./network.testkit.ts";
import { randomBytes } from "./primitives.ts";
import type { Proposing } from "./proposal.ts";
import type { Proposal, Recipient } from "./recording-messages.ts";

export const SOUND_AND_PICTURE = { microphone: true, camera: true, screen: false };

export class RecordedCall {
  private constructor(
    readonly network: Network,
    readonly host: Member,
    readonly omar: Member,
    readonly noor: Member,
  ) {}

  static async open(): Promise<RecordedCall> {
    const network = await Network.open();
    const host = await network.host("Dana");
    const [omar, noor] = [await network.guest("Omar"), await network.guest("Noor")];
    await network.run(500);
    for (const name of ["Omar", "Noor"]) host.admit(name);
    await network.run(1000);
    return new RecordedCall(network, host, omar, noor);
  }

  /** To record Omar, unless otherwise said. */
  propose(more: Partial<Proposing> = {}, author = this.host): void {
    const subjects = [{ stay: this.omar.agreement.stay, ...SOUND_AND_PICTURE }];
    const proposing = { purpose: "roleplay", days: 14, subjects, forClient: true, clinic: true } as const;
    author.agreement.handlePropose({ ...proposing, ...more }, this.network.now);
  }

  /** Asked and agreed to by all. */
  async agree(more: Partial<Proposing> = {}): Promise<void> {
    this.propose(more);
    await this.network.settle();
    say(true, this.omar, this.noor);
    await this.network.run(600);
  }

  /** All of a type that went by. */
  letters(type: string): Letter[] {
    return this.network.record.filter(({ text }) => parse(text)?.message.type === type);
  }

  /** A right one of this author, to be written by hand. */
  proposalOf(author: Member): Proposal {
    return {
      type: "proposal",
      from: hashOf(author.agreement.stay),
      recording: randomBytes(16),
      at: 1_800_000_100,
      purpose: "supervision",
      days: 1,
      subjects: [{ deviceId: this.omar.device.id, what: 1 }],
      recipients: [recipient("therapist", author.device.agreementKey)],
    };
  }
}

export function say(yes: boolean, ...members: Member[]): void {
  for (const member of members) member.answer(yes);
}

export const isOpen = (...members: Member[]) => members.map(({ recording }) => recording?.isOpen);
export const over = (...members: Member[]) => members.map(({ recording }) => recording?.over);

export function recipient(role: Recipient["role"], key: Recipient["key"]): Recipient {
  return { role, key };
}

// What makes a proposal right, and how a host makes one (RECORDING.md, section 2).
//
// Owns: who may be named in it. Never does: put one in force; recording.ts does.

import type { Core } from "./core.ts";
import { equal, hex, isLess } from "./encoding.ts";
import { isOfLowOrder, nameOf, type CheckedHello } from "./hello.ts";
import { randomBytes } from "./primitives.ts";
import {
  MOST_DAYS,
  MOST_RECIPIENTS,
  MOST_SUBJECTS,
  SOURCES,
  type Proposal,
  type Purpose,
  type Recipient,
  type RecipientRole,
  type Subject,
} from "./recording-messages.ts";
import { recoveryKeyOf } from "./recovery.ts";

/** What a host asks for. */
export interface Proposing {
  purpose: Purpose;
  days: number;
  subjects: readonly ({ stay: string } & Recorded)[];
  /** The guests who are recorded can open it. */
  forClient: boolean;
  /** So can the clinic, by its 25 words. */
  clinic: boolean;
}

/** What of somebody. */
export interface Recorded {
  microphone: boolean;
  camera: boolean;
  screen: boolean;
}

/** Somebody who is recorded, as a page shows it. */
export interface SubjectView extends Recorded {
  /** Undefined for somebody who is not here any more, and whom this device never met. */
  name: string | undefined;
  isYou: boolean;
}

/** Somebody who can open it. */
export interface RecipientView {
  role: RecipientRole;
  /** Empty for the clinic. */
  name: string;
  isYou: boolean;
}

/** Nothing where somebody is not here, or it does not fit. */
export function composeProposal(
  core: Core,
  { purpose, days, subjects, forClient, clinic }: Proposing,
  at: number,
): Proposal | undefined {
  const { own } = core;
  const here = present(core);
  const named = subjects.flatMap(({ stay, ...what }) => {
    const hello = here.find((one) => one.stay === stay);
    return hello ? [{ hello, what: bitsOf(what) }] : [];
  });
  const guests = forClient ? named.filter(({ hello }) => !hello.certificate) : [];
  const recipients: Recipient[] = [
    { role: "therapist", key: own.hello.agreementKey },
    ...(clinic ? [{ role: "clinic", key: recoveryKeyOf(own.certificate!.root) } as const] : []),
    ...guests.map(({ hello }) => ({ role: "client", key: hello.hello.agreementKey }) as const),
  ];
  const fits =
    named.length > 0 &&
    named.length === subjects.length &&
    named.length <= MOST_SUBJECTS &&
    named.every(({ what }) => what > 0) &&
    recipients.length <= MOST_RECIPIENTS &&
    Number.isInteger(days) &&
    days >= 1 &&
    days <= MOST_DAYS;
  if (!fits) return undefined;
  return {
    type: "proposal",
    from: own.hash,
    recording: randomBytes(16),
    at,
    purpose,
    days,
    subjects: named
      .map(({ hello, what }): Subject => ({ deviceId: hello.deviceId, what }))
      .sort((one, other) => (isLess(one.deviceId, other.deviceId) ? -1 : 1)),
    recipients,
  };
}

/** Whether all who could open it are those whom their roles name. */
export function isRight(core: Core, author: CheckedHello, proposal: Proposal): boolean {
  return namesRightly(author, present(core), proposal);
}

/** The same, among those who were there. */
export function namesRightly(
  author: CheckedHello,
  there: readonly CheckedHello[],
  { subjects, recipients }: Proposal,
): boolean {
  const recorded = there.filter(({ deviceId }) =>
    subjects.some((subject) => equal(subject.deviceId, deviceId)),
  );
  return recipients.every(({ role, key }) => {
    if (isOfLowOrder(key)) return false;
    if (role === "therapist") return equal(key, author.hello.agreementKey);
    if (role === "clinic")
      return author.certificate !== undefined && equal(key, recoveryKeyOf(author.certificate.root));
    return recorded.some(({ hello }) => equal(hello.agreementKey, key));
  });
}

export function subjectsOf(core: Core, { subjects }: Proposal): SubjectView[] {
  return subjects.map(({ deviceId, what }) => {
    const hello = known(core).find((one) => equal(one.deviceId, deviceId));
    return { name: hello && nameOf(hello), isYou: equal(deviceId, core.own.deviceId), ...recordedOf(what) };
  });
}

export function recipientsOf(core: Core, { from, recipients }: Proposal): RecipientView[] {
  return recipients.map(({ role, key }) => {
    const holder = known(core).find(({ hash, hello }) =>
      role === "therapist" ? equal(hash, from) : equal(hello.agreementKey, key),
    );
    if (role === "clinic" || !holder) return { role, name: "", isYou: false };
    return { role, name: nameOf(holder), isYou: equal(holder.deviceId, core.own.deviceId) };
  });
}

/** Of this stay's members, itself too. */
function present(core: Core): CheckedHello[] {
  return [core.own, ...core.peers.members().map(({ hello }) => hello)];
}

/** The same, and those who were. */
function known(core: Core): CheckedHello[] {
  const stays = new Set(present(core).map(({ deviceId }) => hex(deviceId)));
  const gone = core.peers.all().filter(({ hello }) => !stays.has(hex(hello.deviceId)));
  return [...present(core), ...gone.map(({ hello }) => hello)];
}

function bitsOf({ microphone, camera, screen }: Recorded): number {
  return (
    Number(microphone) * SOURCES.microphone +
    Number(camera) * SOURCES.camera +
    Number(screen) * SOURCES.screen
  );
}

function recordedOf(what: number): Recorded {
  return {
    microphone: (what & SOURCES.microphone) !== 0,
    camera: (what & SOURCES.camera) !== 0,
    screen: (what & SOURCES.screen) !== 0,
  };
}

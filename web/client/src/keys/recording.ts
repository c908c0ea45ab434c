// Whether everybody agrees to a recording, as this stay sees it, and the capsules of what they agreed to (RECORDING.md,
// section 3).
//
// Owns: the proposal in force, the consents, and the span. Never does: believe the server that a span is open; its word
// can only end one.

import { proposalHash, sealCapsule } from "./capsule.ts";
import type { Core } from "./core.ts";
import { equal, hex, type Bytes } from "./encoding.ts";
import { VERDICTS, write, type Parsed } from "./messages.ts";
import type { Peer } from "./peers.ts";
import {
  composeProposal,
  isRight,
  recipientsOf,
  subjectsOf,
  type Proposing,
  type RecipientView,
  type SubjectView,
} from "./proposal.ts";
import type { Consent, Proposal, Purpose } from "./recording-messages.ts";
import { generationOf, type BaseKey } from "./senderkeys.ts";

/** Why a proposal is over: somebody said no, its author went, or the server has ended the recording. */
export type Over = "refused" | "author_gone" | "ended";

/** What a page needs of it. */
export interface AgreedRecording {
  /** Names exactly what was proposed: what an answer is to. */
  proposal: string;
  /** 32 hexadecimal digits. */
  recording: string;
  purpose: Purpose;
  days: number;
  /** Unix seconds. */
  at: number;
  author: string;
  isOwnProposal: boolean;
  subjects: SubjectView[];
  recipients: RecipientView[];
  /** One's own. */
  answer: "yes" | "no" | undefined;
  /** Stays of the others who agree. */
  agreeing: string[];
  /** Stays of the members who don't, or not yet. */
  missing: string[];
  /** What is sealed now, the recipients can open. */
  isOpen: boolean;
  over: Over | undefined;
}

/** The state of one stay. */
export class Recording {
  /** In force, or the last one that was. */
  proposal: Proposed | undefined;
  own: { consent: Consent; text: string } | undefined;
  isOpen = false;
  /** The last generation whose key was given out. */
  capsuled: number | undefined;
  /** When what was said is said again. */
  repeatAt = Infinity;
  /** Until when a no is. */
  refusesUntil = -Infinity;
}

interface Proposed {
  message: Proposal;
  hash: Bytes;
  author: string;
  /** To say it again; one's own alone. */
  text: string | undefined;
  over: Over | undefined;
}

export async function propose(core: Core, proposing: Proposing, now: number): Promise<void> {
  const { recording } = core;
  if (core.role !== "host" || !core.isAdmitted || inForce(core)) return core.fault("not_entitled");
  // later than all before it: an earlier one of the same author is never taken
  const before = recording.proposal?.message.at ?? 0;
  const message = composeProposal(core, proposing, Math.max(core.unixSeconds(now), before + 1));
  if (!message) return core.fault("too_much");
  const { text, body } = await write(message, core.identity.sign);
  core.sayText("members", text);
  const { hash } = await begin(core, { message, body }, core.own.stay, text);
  await answer(core, hex(hash), true, now);
}

/** Of this person, to what they were shown, if that is in force still. A no is final. */
export async function answer(core: Core, to: string, yes: boolean, now: number): Promise<void> {
  const { recording } = core;
  const proposal = inForce(core);
  const said = yes ? "yes" : "no";
  if (!proposal || hex(proposal.hash) !== to || ownAnswer(core, proposal) === said) return;
  const consent: Consent = {
    type: "consent",
    from: core.own.hash,
    proposal: proposal.hash,
    counter: (recording.own?.consent.counter ?? 0) + 1,
    answer: said,
  };
  const { text } = await write(consent, core.identity.sign);
  core.sayText("members", text);
  recording.own = { consent, text };
  recording.repeatAt = now + REPEAT_MS;
  if (!yes) recording.refusesUntil = now + REFUSES_MS;
  core.changed();
}

/** The server says that it has ended. To refuse is its right. */
export function end(core: Core, recording: string): void {
  const proposal = inForce(core);
  if (!proposal || hex(proposal.message.recording) !== recording) return;
  proposal.over = "ended";
  core.changed();
}

export async function readProposal(
  core: Core,
  peer: Peer,
  parsed: Parsed<Proposal>,
  now: number,
): Promise<void> {
  if (peer.role !== "host") return core.fault("not_entitled");
  peer.heldProposal = undefined;
  if (!peer.isMember) {
    peer.heldProposal = parsed;
    return;
  }
  const proposal = inForce(core);
  const isKnown = parsed.message.at <= peer.proposedAt;
  // whoever says it again lacks somebody's word
  if (isKnown) return tellAgain(core, peer, now);
  // the first one holds; its author alone puts another one in its place
  if (proposal && proposal.author !== peer.stay) return;
  if (!isRight(core, peer.hello, parsed.message)) {
    // whoever comes hears of it before they have met everybody whom it names
    peer.heldProposal = parsed;
    return core.fault("not_entitled");
  }
  peer.proposedAt = parsed.message.at;
  await begin(core, parsed, peer.stay, undefined);
}

export function readConsent(core: Core, peer: Peer, consent: Consent, now: number): void {
  const last = peer.consent?.counter ?? 0;
  if (consent.counter === last) return tellAgain(core, peer, now);
  if (consent.counter < last) return;
  peer.consent = consent;
  core.changed();
}

/** Somebody became a member. */
export function tellRecording(core: Core, peer: Peer): void {
  const proposal = inForce(core);
  if (!proposal) return;
  if (proposal.text) core.sayText(peer.participant, proposal.text);
  if (core.recording.own && ownAnswer(core, proposal))
    core.sayText(peer.participant, core.recording.own.text);
}

/** Somebody became a member, of whom others may have said something before. */
export async function readHeldProposals(core: Core, now: number): Promise<void> {
  for (const peer of core.peers.members())
    if (peer.heldProposal) await readProposal(core, peer, peer.heldProposal, now);
}

/** Ten times a second: for what the server loses. */
export function repeatRecording(core: Core, now: number): void {
  const { recording } = core;
  if (now < recording.repeatAt || !core.isAdmitted) return;
  recording.repeatAt = now + REPEAT_MS;
  const proposal = inForce(core);
  const isAsking = proposal !== undefined && !recording.isOpen;
  if (isAsking && proposal.text) core.sayText("members", proposal.text);
  const isSaid = isAsking ? ownAnswer(core, proposal) : now < recording.refusesUntil;
  if (recording.own && isSaid) core.sayText("members", recording.own.text);
}

/**
 * After all that changes who is here or what they said, and before keys are handed out. Says whether the span opened or
 * closed: then a new generation follows.
 */
export function settleRecording(core: Core, recipients: ReadonlySet<string>): boolean {
  const { recording } = core;
  const proposal = inForce(core);
  if (proposal) {
    proposal.over = whyOver(core, proposal, recipients);
    if (proposal.over) core.changed();
  }
  const isOpen = isAgreed(core);
  if (isOpen === recording.isOpen) return false;
  recording.isOpen = isOpen;
  core.changed();
  return true;
}

/** A key is about to be handed out: within the span the recipients get it, too, if this device is recorded. */
export async function sayCapsule(core: Core, key: BaseKey): Promise<void> {
  const { recording, own } = core;
  const { proposal } = recording;
  if (!recording.isOpen || !proposal || generationOf(key.kid) === recording.capsuled) return;
  const { subjects, recipients } = proposal.message;
  if (!subjects.some(({ deviceId }) => equal(deviceId, own.deviceId))) return;
  recording.capsuled = generationOf(key.kid);
  const capsule = await sealCapsule({ from: own.hash, proposal: proposal.hash }, key, recipients);
  // a proposal with a key that nothing can be sealed to is not right; see proposal.ts
  if (capsule) core.outputs.push({ type: "capsule", text: (await write(capsule, core.identity.sign)).text });
}

export function recordingOf(core: Core): AgreedRecording | undefined {
  const { proposal, isOpen } = core.recording;
  if (!proposal) return undefined;
  const { message, hash, author, over } = proposal;
  const { recording, purpose, days, at } = message;
  const members = core.peers.members();
  const isAgreeing = (peer: Peer) => agrees(peer.consent, proposal);
  const recipients = recipientsOf(core, message);
  return {
    proposal: hex(hash),
    recording: hex(recording),
    purpose,
    days,
    at,
    author: recipients.find(({ role }) => role === "therapist")!.name,
    isOwnProposal: author === core.own.stay,
    subjects: subjectsOf(core, message),
    recipients,
    answer: ownAnswer(core, proposal),
    agreeing: members.filter(isAgreeing).map(({ stay }) => stay),
    missing: members.filter((peer) => !isAgreeing(peer)).map(({ stay }) => stay),
    isOpen,
    over,
  };
}

async function begin(
  core: Core,
  { message, body }: Pick<Parsed<Proposal>, "message" | "body">,
  author: string,
  text: string | undefined,
): Promise<Proposed> {
  const proposal = { message, hash: await proposalHash(body), author, text, over: undefined };
  core.recording.proposal = proposal;
  core.changed();
  return proposal;
}

/** It said again what was known: it lacks somebody's word, perhaps the own one. */
function tellAgain(core: Core, peer: Peer, now: number): void {
  if (core.recording.isOpen && peer.mayRepeat("recording", now)) tellRecording(core, peer);
}

function inForce({ recording: { proposal } }: Core): Proposed | undefined {
  return proposal?.over ? undefined : proposal;
}

function ownAnswer({ recording: { own } }: Core, { hash }: Proposed): Consent["answer"] | undefined {
  return own && equal(own.consent.proposal, hash) ? own.consent.answer : undefined;
}

function agrees(consent: Consent | undefined, { hash }: Proposed): boolean {
  return consent?.answer === "yes" && equal(consent.proposal, hash);
}

function refuses(consent: Consent | undefined, { hash }: Proposed): boolean {
  return consent?.answer === "no" && equal(consent.proposal, hash);
}

function isAgreed(core: Core): boolean {
  const proposal = inForce(core);
  return (
    proposal !== undefined &&
    core.isAdmitted &&
    consentsOfAdmitted(core).every((consent) => agrees(consent, proposal))
  );
}

/** By the map: whoever was let in and whose hello has not come has not agreed, either. */
function consentsOfAdmitted(core: Core): (Consent | undefined)[] {
  return core.map
    .admitted()
    .map(({ hello }) =>
      equal(hello, core.own.hash) ? core.recording.own?.consent : core.peers.of(hello)?.consent,
    );
}

function whyOver(core: Core, proposal: Proposed, recipients: ReadonlySet<string>): Over | undefined {
  const consents = [core.recording.own?.consent, ...consentsOfAdmitted(core)];
  if (consents.some((consent) => refuses(consent, proposal))) return "refused";
  return isAuthorHere(core, proposal, recipients) ? undefined : "author_gone";
}

/** By the map, also while this stay itself is not let in and gives keys to nobody. */
function isAuthorHere(core: Core, { author }: Proposed, recipients: ReadonlySet<string>): boolean {
  if (author === core.own.stay) return core.isAdmitted;
  const peer = core.peers.get(author);
  if (!peer || peer.saidBye || peer.hasLeft || !core.isNamed(peer.hello, VERDICTS.admitted)) return false;
  return !peer.isMember || recipients.has(author);
}

/** As often as beats, while somebody's word is missing. */
const REPEAT_MS = 4000;

/** A no that did not come through is noticed by nobody. As long as a member may be silent. */
const REFUSES_MS = 30_000;

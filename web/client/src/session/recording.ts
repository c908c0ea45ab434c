// How a recording stands: the agreement's word, and the server's.
//
// Owns: which of them counts. Never does: hide that something is recorded, whichever of them says so.

import type { AgreementState } from "../keys/agreement.ts";
import type { Proposing } from "../keys/proposal.ts";
import type { AgreedRecording, Over } from "../keys/recording.ts";
import type { Recording as Told } from "../signaling/protocol.ts";
import type { Person, RecordingEnd, RecordingPhase, RecordingState, RecordingWish } from "./types.ts";

/** By stays instead of numbers; nothing if somebody has just gone: whoever wishes it sees that first. */
export function proposingOf(
  { subjects, ...wish }: RecordingWish,
  people: readonly Person[],
  ownStay: string | undefined,
): Proposing | undefined {
  const named = subjects.flatMap(({ id, ...what }) => {
    const person = people.find((one) => one.id === id);
    const stay = person?.you ? ownStay : person?.trust?.stay;
    return stay ? [{ stay, ...what }] : [];
  });
  return named.length === subjects.length ? { ...wish, subjects: named } : undefined;
}

export function recordingOf(
  agreement: Pick<AgreementState, "recording" | "people"> | undefined,
  told: Told | null | undefined,
): RecordingState | undefined {
  const agreed = agreement?.recording;
  // of another one that goes on there is more to say than of one that is over
  const own = agreed && !(agreed.over && isUnderWay(told, agreed.recording)) ? agreed : undefined;
  const known = told && (!own || told.recording === own.recording) ? told : undefined;
  // what ended before this person was asked is nothing to them
  if (!own && (!known || known.phase === "ended")) return undefined;
  const isOn = told?.phase === "recording" || told?.phase === "starting" || (own?.isOpen ?? false);
  return {
    recording: (own ?? known)!.recording,
    phase: phaseOf(own, known, isOn),
    isOn,
    proposal: own && { ...picked(own), id: own.proposal, isOwn: own.isOwnProposal },
    answer: own?.answer,
    missing: missingOf(agreement?.people ?? [], own?.missing ?? [], known?.missing ?? []),
    safeMs: known?.safe_ms ?? 0,
    end: known?.end ?? (own?.over && ENDS[own.over]),
    hoursLeft: known?.hours_left ?? undefined,
    isSoundOnly: known?.sound_only ?? false,
  };
}

function isUnderWay(told: Told | null | undefined, besides: string): boolean {
  return told !== null && told !== undefined && told.recording !== besides && told.phase !== "ended";
}

function phaseOf(own: AgreedRecording | undefined, known: Told | undefined, isOn: boolean): RecordingPhase {
  const said = own?.over ? "ended" : (known?.phase ?? "proposed");
  if (!isOn) return said;
  if (known && known.phase !== "proposed" && known.phase !== "ended") return known.phase;
  return "starting";
}

function picked({ purpose, days, author, subjects, recipients }: AgreedRecording) {
  return { purpose, days, author, subjects, recipients };
}

/** By the keys' own names. Who is missing by the server alone has lost the line. */
function missingOf(people: AgreementState["people"], stays: string[], participants: number[]): string[] {
  return people
    .filter(({ stay, participant, standing }) =>
      standing === "admitted" ? stays.includes(stay) || participants.includes(participant) : false,
    )
    .map(({ name }) => name);
}

const ENDS: Record<Over, RecordingEnd> = { refused: "stopped", author_gone: "gone", ended: "stopped" };

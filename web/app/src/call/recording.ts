// The sign of a recording: what it says, and what can be done about it.
//
// Owns: its words and its one way on. Never does: act, or name who has stopped one.

import type { RecordingState } from "@rapport/client";
import { listed, recordingWords, spanOf } from "../words/recording";

export type SignAct = "stop" | "answer" | "dismiss";

export interface Sign {
  look: "on" | "paused" | "ask" | "plain" | "caution";
  text: string;
  act?: { act: SignAct; label: string };
}

/** `dismissed` names a recording whose end was read. */
export function signOf(
  recording: RecordingState | undefined,
  dismissed: string | undefined,
): Sign | undefined {
  if (!recording) return undefined;
  const { phase, isOn, safeMs, isSoundOnly, proposal } = recording;
  if (isOn) {
    const on = isSoundOnly ? recordingWords.sign.soundOnly : recordingWords.sign.on;
    const text = phase === "paused" ? paused(recording) : on(spanOf(safeMs));
    return { look: "on", text, ...(proposal && { act: acts.stop }) };
  }
  if (phase === "ended") return recording.recording === dismissed ? undefined : ended(recording);
  if (phase === "paused")
    return { look: "paused", text: paused(recording), ...(proposal && { act: wayOf(recording) }) };
  return asked(recording);
}

/** This person's answer is missing. */
export function isAsked({ recording }: { recording: RecordingState | undefined }): boolean {
  return recording?.proposal !== undefined && recording.answer === undefined && recording.phase !== "ended";
}

/** How it ended, in a sentence. */
export function endOf({ end, safeMs, hoursLeft, proposal }: RecordingState): string {
  const { ended: ends } = recordingWords;
  if (end === "full") return hoursLeft === undefined ? ends.full : ends.fullHours(hoursLeft);
  if (end === "failed") return ends.failed(spanOf(safeMs));
  if (safeMs < 1000) return ends.none;
  if (end === "gone") return ends.gone(spanOf(safeMs));
  const stopped = ends.stopped(spanOf(safeMs));
  // whoever asked for it can have room made for the next one
  return proposal?.isOwn && hoursLeft !== undefined ? `${stopped} ${ends.low(hoursLeft)}` : stopped;
}

function ended(recording: RecordingState): Sign {
  const isFault = recording.end === "full" || recording.end === "failed";
  return { look: isFault ? "caution" : "plain", text: endOf(recording), act: acts.dismiss };
}

function paused(recording: RecordingState): string {
  const { sign } = recordingWords;
  // in the waiting room nobody is asked yet
  if (!recording.proposal) return sign.pausedPlain;
  if (isAsked({ recording })) return sign.pausedYou;
  return recording.missing.length > 0 ? sign.paused(listed(recording.missing)) : sign.pausedLine;
}

function asked(recording: RecordingState): Sign | undefined {
  const { sign } = recordingWords;
  const { proposal, missing } = recording;
  if (!proposal) return undefined;
  if (isAsked({ recording })) return { look: "ask", text: sign.asked(proposal.author), act: acts.answer };
  const text = missing.length > 0 ? sign.waiting(listed(missing)) : sign.soon;
  return { look: "plain", text, act: acts.takeBack };
}

function wayOf(recording: RecordingState): { act: SignAct; label: string } {
  return isAsked({ recording }) ? acts.answer : acts.stop;
}

const acts = {
  stop: { act: "stop", label: recordingWords.sign.stop },
  takeBack: { act: "stop", label: recordingWords.sign.takeBack },
  answer: { act: "answer", label: recordingWords.sign.answer },
  dismiss: { act: "dismiss", label: recordingWords.sign.dismiss },
} as const;

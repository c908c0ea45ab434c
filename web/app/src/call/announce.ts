// What a screen reader hears when the room changes.
//
// Owns: which changes are worth a sentence. Never does: say it.

import type { Person, SessionState } from "@rapport/client";
import { words } from "../words/en";
import { recordingWords } from "../words/recording";
import { endOf } from "./recording";

/** The sentences between two states, in the order of the list of people. */
export function announcements(before: SessionState | undefined, now: SessionState): string[] {
  if (!before || before.phase === "joining") return [];
  const said = [...ofPhase(before, now), ...ofLock(before, now), ...ofRecording(before, now)];
  const earlier = new Map(before.people.map((person) => [person.id, person]));
  for (const person of now.people) {
    if (person.you) continue;
    const known = earlier.get(person.id);
    said.push(...(known ? changes(known, person) : [arrival(person)]));
  }
  const present = new Set(now.people.map((person) => person.id));
  for (const person of before.people) {
    if (!present.has(person.id) && !person.you && person.standing !== "listener") {
      said.push(words.heard.left(nameOf(person)));
    }
  }
  return said;
}

export function nameOf(person: Person): string {
  return person.name || words.unnamed;
}

function ofPhase(before: SessionState, now: SessionState): string[] {
  // That it is lost, the notice tells.
  if (before.phase === "reconnecting" && now.phase === "live") return [words.heard.reconnected];
  return [];
}

function ofLock(before: SessionState, now: SessionState): string[] {
  if (before.locked === now.locked) return [];
  return [now.locked ? words.heard.locked : words.heard.unlocked];
}

/** What is asked the dialog says, and of whom is waited for the sign. */
function ofRecording({ recording: before }: SessionState, { recording: now }: SessionState): string[] {
  if (!now) return [];
  const earlier = before?.recording === now.recording ? before : undefined;
  if (now.phase === "ended" && !now.isOn) return earlier && earlier.phase !== "ended" ? [endOf(now)] : [];
  if (now.phase === "paused") return earlier?.phase !== "paused" ? [recordingWords.heard.paused] : [];
  const wasOn = before?.isOn && before.phase !== "paused";
  return now.isOn && !wasOn ? [recordingWords.heard.on] : [];
}

function arrival(person: Person): string {
  return person.standing === "listener" ? words.heard.listener : words.heard.joined(nameOf(person));
}

function changes(before: Person, now: Person): string[] {
  const name = nameOf(now);
  const said: string[] = [];
  if (!before.hand && now.hand) said.push(words.heard.hand(name));
  if (!before.screen && now.screen) said.push(words.heard.screen(name));
  if (before.seal !== "wrong_key" && now.seal === "wrong_key") said.push(words.heard.wrongKey(name));
  if (before.connection === "live" && now.connection === "away") said.push(words.heard.away(name));
  if (before.connection === "away" && now.connection === "live") said.push(words.heard.back(name));
  return said;
}

// The sentences about recording a session, in English.
//
// Owns: words, and how long something is in them. Never does: decide which of them is shown.

import type { Purpose, RecipientView, Recorded } from "@rapport/client";

/** `2 min 5 s` */
export function spanOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  const parts = minutes > 0 ? [`${minutes} min`] : [];
  if (minutes === 0 || rest > 0) parts.push(`${rest} s`);
  return parts.join(" ");
}

/** `Omar, Noor and Li` */
export function listed(names: readonly string[]): string {
  return new Intl.ListFormat("en-GB").format(names);
}

/** `sound and picture` */
export function sourcesOf({ microphone, camera, screen }: Recorded): string {
  const { sound, picture, shared } = recordingWords.sources;
  return listed([...(microphone ? [sound] : []), ...(camera ? [picture] : []), ...(screen ? [shared] : [])]);
}

const purposes: Record<Purpose, string> = {
  activity: "A relaxing activity of the person who is recorded",
  meditation: "A guided meditation",
  roleplay: "A role-play to look at together",
  supervision: "Supervision: to learn from the session with a colleague",
};

/** Who can open it, by the role in which they do. */
const openers: Record<RecipientView["role"], (name: string) => string> = {
  therapist: (name) => `${name}, on the device of this session`,
  clinic: () => "The clinic, with the 25 words of its key",
  client: (name) => `${name}, on the device of this session`,
};

export const recordingWords = {
  purposes,
  openers,
  sources: { sound: "sound", picture: "picture", shared: "shared screen" },

  propose: {
    act: "Record",
    hint: "Nothing is recorded before everybody has agreed.",
    title: "Record this session?",
    purpose: "What is it for?",
    purposeMissing: "Choose what it is for, so that everybody knows what they agree to.",
    whom: "Who is recorded?",
    whomMissing: "Choose the sound or the picture of at least one person.",
    sound: "Sound",
    soundOf: (name: string) => `Sound of ${name}`,
    picture: "Picture",
    pictureOf: (name: string) => `Picture of ${name}`,
    who: "Who can open it?",
    you: "You, on this device",
    clinic: "Your clinic, with the 25 words of its key",
    days: "How long is it kept?",
    daysOf: (count: number) => `${count} days`,
    destroyed: "After that it is destroyed.",
    ask: "Ask everybody",
  },

  agree: {
    title: (name: string) => `${name} asks to record this session`,
    purpose: "What for",
    whom: "Who is recorded",
    yours: (sources: string) => `You: ${sources}`,
    theirs: (name: string) => `${name}: `,
    gone: "Somebody who has left",
    who: "Who can open it",
    kept: "How long it is kept",
    days: (count: number) => `${count} days, then it is destroyed`,
    free: "You need no reason to say no, and this page names nobody who did. If you agree, you can stop it at any time. What was recorded until then is kept as long as it says here.",
    own: "You, on this device",
    freely: "I can speak freely here. Nobody is with me who should not hear this.",
    freelyHint: "Tick this if it is true. Only then can you agree.",
    yes: "I agree",
    no: "I do not agree",
  },

  sign: {
    label: "Recording",
    on: (safe: string) => `Recording · ${safe} safe`,
    soundOnly: (safe: string) => `Recording · ${safe} safe · sound only: the server has no room for pictures`,
    paused: (names: string) => `Recording is paused: waiting for ${names}`,
    pausedPlain: "Recording is paused",
    pausedYou: "Recording is paused: waiting for your answer",
    pausedLine: "Recording is paused: waiting for the connection",
    asked: (name: string) => `${name} asks to record this session`,
    waiting: (names: string) => `Waiting for ${names} to agree to the recording`,
    soon: "The recording is about to start",
    stop: "Stop recording",
    takeBack: "Don’t record",
    answer: "Answer",
    dismiss: "Dismiss",
  },

  ended: {
    stopped: (safe: string) => `The recording has ended. ${safe} are safe.`,
    none: "There is no recording. Nothing was kept.",
    gone: (safe: string) =>
      `The recording has ended: the person who asked for it has left. ${safe} are safe.`,
    failed: (safe: string) =>
      `The recording has stopped: the server could not store it. ${safe} are safe. Tell the clinic before you record again.`,
    full: "The recording did not start: the server has too little room. Ask the clinic to make room, then ask again.",
    low: (hours: number) =>
      hours < 1
        ? "The server has room for less than an hour more. Ask the clinic to make room."
        : `The server has room for only about ${hours} ${hours === 1 ? "hour" : "hours"} more. Ask the clinic to make room.`,
    fullHours: (hours: number) =>
      `The recording did not start: the server has room for only about ${hours} ${hours === 1 ? "hour" : "hours"}. Ask the clinic to make room, then ask again.`,
  },

  heard: {
    on: "This session is being recorded now",
    paused: "The recording is paused",
  },
} as const;

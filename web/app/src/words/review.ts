// The sentences about looking at a recording, in English.
//
// Owns: words, and how times are written in them. Never does: decide which of them is shown.

import type { Place, ReviewCode } from "@rapport/client";
import type { Trouble } from "./devices";

/** `3 May 2027, 14:05` */
export function dayAndTime(ms: number): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" }).format(ms);
}

/** `3 May 2027` */
export function dayOf(ms: number): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long" }).format(ms);
}

/** `1:02:05`, as players write it. */
export function clockOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const changed = "Somebody changed what is stored, or the disk of the server is broken.";
const tellClinic = "Tell the clinic, with the details below. Do not rely on this recording.";

const faults: Record<ReviewCode, Trouble> = {
  not_yours: {
    title: "This recording is not yours to open",
    why: "It is locked to the device of the therapist who asked for it, and to the clinic. This browser is not that device.",
    todo: "Open the link on that device, in the same browser. If the device is lost, the clinic can open the recording with the 25 words of its key.",
  },
  damaged: { title: "The recording is damaged", why: changed, todo: tellClinic },
  foreign: {
    title: "Something in this recording is from another one",
    why: changed,
    todo: tellClinic,
  },
  not_agreed: {
    title: "Something was recorded without a signed yes",
    why: "The answer of a person who was recorded is missing from what is stored.",
    todo: "It is not shown. Tell the clinic, with the details below.",
  },
  replayed: {
    title: "The recording was put together anew",
    why: "A part of it comes twice, or not in its order. So it does not show what happened.",
    todo: tellClinic,
  },
  no_key: {
    title: "A part of the recording has no key",
    why: "Nobody gave out a key for it, so nobody agreed that it is recorded.",
    todo: "It can’t be opened. Tell the clinic, with the details below.",
  },
  shredded: {
    title: "This recording has been destroyed",
    why: "Its keys were deleted, because its time was over or somebody asked for it.",
    todo: "Nobody can open it any more. There is nothing that you need to do.",
  },
  not_ended: {
    title: "This recording has not ended yet",
    why: "It can be looked at when it is complete.",
    todo: "Come back after the session, or stop the recording in the session.",
  },
  unplayable: {
    title: "This browser can’t play the recording",
    why: "It lacks what is needed for this kind of picture or sound.",
    todo: "Try a current Chrome, Edge or Firefox on this device. The clinic can also export the recording as a film.",
  },
  refused: {
    title: "The server does not give out this recording",
    why: "Your link may be over, or was taken back.",
    todo: "Open your link again. If that does not help, ask the clinic for a new one.",
  },
  server_gone: {
    title: "The server does not answer",
    why: "Your internet connection or the server has a problem.",
    todo: "Check your connection, then try again. The recording itself is safe.",
  },
};

/** With the time, if it is one of the recording. */
export function troubleOf(code: ReviewCode, { ms }: Place): Trouble {
  const trouble = faults[code];
  return ms === undefined ? trouble : { ...trouble, title: `${trouble.title}, at ${clockOf(ms)}` };
}

export const review = {
  title: "Recordings – Rapport",
  heading: "Recordings of this session",
  lead: "They stay locked on the server. Only the people named in each of them can open it.",
  back: "Back to the session",
  toList: "All recordings",
  began: (when: string) => `Recorded on ${when}`,
  lasts: (span: string) => `${span} long`,
  keptUntil: (day: string) => `Kept until ${day}, then destroyed`,
  held: "Kept until the clinic destroys it",
  elsewhere: "It is not on this server any more: the clinic keeps it elsewhere. Ask the clinic for it.",
  shredded: "Destroyed: nobody can open it any more",
  running: "Not ended yet",
  none: "There are no recordings of this session.",
  open: "Open",
  opening: "Opening and checking the recording",
  loading: "Loading",
  again: "Try again",

  player: {
    label: "Recording",
    controls: "Playing",
    play: "Play",
    pause: "Pause",
    back: "10 seconds back",
    forward: "10 seconds forward",
    place: "Place in the recording",
    at: (now: string, whole: string) => `${now} of ${whole}`,
    speed: "Speed",
    speedOf: (rate: number) => `${rate}×`,
    soundOnly: "Sound only",
    noPicture: "No picture at this moment",
    soundOnlyNote: "Pictures are not opened",
    unseen: (names: string) =>
      `The picture of ${names} can’t be shown by a browser. You hear the sound. The clinic can export the recording as a film, with the picture.`,
    you: (name: string) => `${name} (you)`,
    keys: "Space plays and pauses. The arrow keys go 10 seconds back and forward.",
    screen:
      "On the server this recording stays locked. It is open on this screen only: make sure that nobody looks over your shoulder, and close this page when you are done.",
  },

  agreed: {
    heading: "What was agreed",
    purpose: "What for",
    who: "Who agreed, and when",
    yes: (name: string, when: string) => `${name} said yes, ${when}`,
    no: (name: string, when: string) => `${name} said no or took it back, ${when}`,
    openers: "Who can open it",
    kept: "Kept until",
    proof:
      "Each answer is signed by the device of the person, and was checked just now. The times are those of the server.",
  },

  unnamed: "No name",
  faults,
} as const;

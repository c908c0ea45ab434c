// The sentences about who is here and what is proven, in English.
//
// Owns: words. Never does: decide which of them is shown.

import type { FaultCode, Trust } from "@rapport/client";

/** Of a fault that people are told of; of the others nothing is said, since anybody can cause them as often as they like. */
const notices: Partial<Record<FaultCode, (name: string | undefined) => string>> = {
  malformed: () =>
    "A message came in that this device can’t read, and was left out. If somebody can’t be seen or heard, ask them to join again.",
  expired_certificate: () =>
    "A device of the clinic tried to come in whose certificate has run out, or the clock of your device is wrong.",
  other_clinic: () => "Somebody of another clinic is at this session. This link belongs to another one.",
  bad_link_mac: () => "Somebody tried to come in with a damaged link.",
  contradiction: (name) =>
    `The connection ${name ? `with ${name} ` : ""}was interfered with. Compare the words before you go on.`,
  index_taken: (name) => `${name ?? "Somebody"} can’t be let in right now. Ask them to join again.`,
  room_full: (name) => `${name ?? "Somebody"} can’t be let in: the session is full.`,
  key_contradiction: (name) => `A key of ${name ?? "somebody"} does not fit. You may not see or hear them.`,
  unconfirmed: (name) =>
    `It is not sure that everybody sees the same people${name ? `: ${name} has not confirmed it` : ""}.`,
  held: () =>
    "You are not seen or heard at the moment: the therapist’s device has not answered for half a minute.",
};

const familiarity: Record<Trust["familiarity"], string> = {
  verified: "Verified: you compared the words",
  known: "Known: the same device as before",
  new: "New: you have not compared the words yet",
  changed: "Another device than last time. Compare the words before you go on",
};

const links: Record<NonNullable<Trust["link"]>, string> = {
  own_link: "Came by your link",
  none: "Did not come by your link. Compare the words",
  unknown: "Came by a link that this device does not know. Compare the words",
};

export const trust = {
  notices,
  familiarity,
  links,

  lock: {
    connecting: "Not connected",
    sealed: "Sealed",
    verified: "Verified",
    changed: "Changed device",
    unconfirmed: "Not confirmed",
  },

  waiting: {
    label: "Waiting room",
    alone: {
      title: "The therapist is not here yet",
      text: "Stay on this page. It goes on by itself as soon as they come in.",
    },
    knocking: { title: "One moment", text: "Your device and the therapist’s greet each other." },
    waiting: {
      title: "You are in the waiting room",
      text: "Nobody sees or hears you yet. The therapist sees that you are here, and lets you in.",
    },
    refused: {
      title: "You were not let in",
      text: "The therapist has declined. If you think that this was a mistake, contact them. If they change their mind, this page goes on by itself.",
    },
    coming: "You are being let in",
    metBy: (name: string) => `${name} is here and can let you in.`,
    proven: "Your link proves that this is the device of your therapist’s clinic.",
    unproven: "Your link does not prove who is there. When you are in, compare the words with them.",
  },

  guests: {
    heading: (count: number) => (count === 1 ? "1 person is waiting" : `${count} people are waiting`),
    declined: "Declined",
    admit: "Let in",
    admitName: (name: string) => `Let in ${name}`,
    decline: "Decline",
    declineName: (name: string) => `Decline ${name}`,
    all: "Let everybody in",
    putBack: "To the waiting room",
    putBackName: (name: string) => `Send ${name} back to the waiting room`,
    heard: (name: string) => `${name} is waiting to be let in`,
  },

  invite: {
    make: "Make a link for a guest",
    another: "Make another link",
    link: (number: number) => `Link ${number} for guests`,
    hint: "Hand it over yourself: whoever has it is known as coming by your link, and still waits for you to let them in.",
    takeBack: "Take back",
    takeBackLink: (number: number) => `Take back link ${number}`,
    takeBackTitle: "Take this link back?",
    takeBackLost: "Nobody comes in by it any more. Whoever is here stays.",
    refused: "This server makes no more links for this session.",
    failed: "The server did not answer. Try again in a moment.",
  },

  words: {
    show: "Compare words",
    heading: (name: string) => `Words with ${name}`,
    how: "Read these five words to each other. If both of you have the same ones, nobody is between you.",
    match: "They match",
    differ: "They differ",
    differs:
      "Then somebody may be between you. Say nothing private, end the session, and reach each other by another way.",
    done: "Compared",
  },

  dialog: {
    title: "Who is here, and what is sealed",
    points: [
      "Your device locks picture and sound before they leave it. The others’ devices unlock them. The server in between passes on what it can’t open.",
      "Keys go from device to device, and only to people whom the therapist’s device has let in. The server has none of them.",
      "What the server does see: who is here under which name, when, for how long, and how much is sent.",
      "A web page has a limit: whoever runs the server also serves this page. A changed page could do other than it says.",
    ],
    nobody: "Nobody else is here.",
    device: (number: string) => `Device ${number}`,
    records: "Records",
    unconfirmed: "Has not confirmed that everybody sees the same people",
    private:
      "This browser keeps nothing after you close the page. The next time you are a new device to the others.",
    privacy: "More of what the server can and can’t see, in a new tab",
  },
} as const;

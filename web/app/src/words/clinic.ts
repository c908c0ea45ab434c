// The sentences by which a clinic makes its key and a therapist's device is certified, in English.
//
// Owns: words. Never does: decide which of them is shown.

import type { CertificateFault, KitFault } from "@rapport/client";
import type { Trouble } from "./en";

const kitFaults: { [Code in KitFault["code"]]: (fault: Extract<KitFault, { code: Code }>) => string } = {
  count: ({ words }) => `These are ${words} words. There have to be 25, in the order of the paper.`,
  unknown_word: ({ word, position }) =>
    `Word ${position}, “${word}”, is not a word that stands on such a paper. Look at it again.`,
  check: () =>
    "Each of these is a word, but they do not belong together: one was read or typed as another one.",
};

const certificateFaults: Record<CertificateFault, Trouble> = {
  damaged: {
    title: "This is not a certificate, or a part of it is missing",
    todo: "Copy the whole of what you were sent, and try again.",
  },
  other_device: {
    title: "This certificate is for another device",
    why: "It may have been made for another browser of yours, or before this browser’s data was deleted.",
    todo: "Send the request of this page again, or open the link in the browser that asked.",
  },
  expired: {
    title: "This certificate is not valid today",
    why: "It has run out or has not begun yet, or the clock of this device is wrong by days.",
    todo: "Look at the date of this device. If it is right, ask for a new certificate.",
  },
};

export const clinic = {
  kitFaults,
  certificateFaults,

  back: "Back",

  start: {
    title: "Clinic key – Rapport",
    heading: "The clinic’s key",
    lead: "This key says which devices are therapists’: it certifies them. It is made in your browser, and comes back out of 25 words on paper. The server never gets it.",
    make: "Make the clinic’s key",
    makeHint: "Once, when a clinic begins. Have a pen or a printer ready.",
    certify: "Certify a therapist’s device",
    certifyHint: "With the 25 words at hand. Somebody has sent you a request.",
    asked: "You opened a device’s request. Go on with “Certify a therapist’s device”.",
    limit:
      "Do this on a computer that you trust. If you do not want to do it on a page that the server sends, the command “rapport root” does the same on a computer without a network.",
  },

  paper: {
    print: "Print",
    written: "I have them on paper",
    checkHeading: "Check the paper",
    checkLead: "Type three of the words from the paper. Four letters of each are enough.",
    word: (position: number) => `Word ${position}`,
    wrong: "This is another word than the one that was shown.",
    look: "Show the words again",
    check: "Check",
  },

  make: {
    heading: "Write these 25 words down",
    lead: "In this order, on paper. Whoever has them can make therapists of your clinic; without them you can’t certify a device any more. Keep the paper where you keep contracts.",
    title: "Recovery kit of a clinic’s key, Rapport",
    clinic: "Your clinic is known by this number. It may be seen by everybody:",
  },

  makeDevice: {
    heading: "Write these 25 words down",
    lead: "In this order, on paper. They are for the day on which this computer is lost: with them and a file that comes next, another one takes its place. Keep the paper where you keep contracts.",
    title: "Backup of a therapist’s device, Rapport",
    number: "The device is known by this number:",
    fileHeading: "Save the file of the backup",
    file: "Keep it anywhere but on this computer alone: it is no secret without the words on paper, and the words are of no use without it.",
    save: "Save the file",
    saved: "It is saved: go on",
  },

  openBackup: {
    heading: "Bring a device back",
    choose: "The file of the backup",
    file: "Or what stands in it",
    fileHint: "One long line of letters and digits.",
    words: "The 25 words",
    wordsHint: "In the order of the paper. Four letters of each are enough.",
    damaged: "This is not a backup, or a part of it is missing.",
    otherWords: "These are the words of another backup. Look at the number that stands on the paper.",
    is: "This is the backup of the device that is known by this number:",
    once: "Stop using the other one: a device is to be in one place. Its certificate holds here too; open its link once more.",
    take: "Make this browser that device",
  },

  open: {
    heading: "The words of the clinic’s key",
    label: "The 25 words",
    hint: "In the order of the paper. Four letters of each are enough. They stay in this page, and are forgotten when you close it.",
    open: "Go on",
  },

  certify: {
    heading: "Certify a device",
    clinic: "With the key of the clinic that is known by this number:",
    request: "The device’s request",
    requestHint: "The link or text that the therapist’s page has made.",
    requestWrong: "This is not a request, or a part of it is missing. Copy the whole of it.",
    own: "Use this browser itself",
    noDevice: "Are you a therapist, too? Then",
    makeDevice: "make this browser a therapist’s device (in a new tab)",
    device: "The device is known by this number:",
    compare:
      "Ask the therapist to read the number on their page to you, by phone or in person. Go on only if it is the same.",
    name: "Name of the therapist",
    nameHint: "Clients see it, with a sign that the clinic has certified it.",
    nameWrong: "Type the therapist’s name; at most 128 letters.",
    days: "Valid for",
    choices: [
      [90, "3 months"],
      [365, "1 year"],
      [730, "2 years"],
    ] as const,
    certify: "The number is the same: certify",
    certifyOwn: "Certify this browser",
    doneHeading: "The device is certified",
    done: (name: string) =>
      `Send this link to ${name}. It has to be opened on that device, in the same browser. It is no secret.`,
    doneOwn: (name: string) => `This browser is now the therapist’s device of ${name}.`,
    link: "Link with the certificate",
    another: "Certify another device",
    close: "When you are done, close this page. It forgets the words.",
  },

  device: {
    title: "This device – Rapport",
    heading: "A therapist’s device",
    wait: "Looking at this device",
    private:
      "This browser keeps nothing after you close the page, as in a private window. Open this page in a normal window: a certificate would be lost here.",
    none: "Sessions are led, and clients are let in, by certified devices alone. This browser is not a therapist’s device yet.",
    make: "Make this browser a therapist’s device",
    makeHint: "Have a pen or a printer ready: there is a backup.",
    bring: "Bring a device back",
    bringHint: "With the words and the file of its backup.",
    withoutBackup: "Is there no backup of this device? Make a new one, which then has to be certified.",
    anew: "Make a new device with a backup",
    not: "This browser is not certified as a therapist’s yet. Sessions are led, and clients are let in, by certified devices alone.",
    ask: "Send this link to whoever keeps the clinic’s key. It is no secret.",
    link: "Link with the request",
    number: "This device is known by this number. When you are asked for it, read it out:",
    got: "What you got back",
    gotHint: "The link or text with the certificate. Opening the link here does the same.",
    look: "Look at it",
    offered: (until: string) => `A certificate, valid until ${until}, for:`,
    ofClinic: "of the clinic that is known by this number:",
    compare: "Is it the number of your clinic? Whoever made this certificate can also make others.",
    replaces: (clinic: string) => `It takes the place of the one of clinic ${clinic}.`,
    take: "Take it",
    leave: "Do not take it",
    is: (name: string, until: string) =>
      `This browser is the device of ${name}, certified until ${until} by the clinic that is known by this number:`,
    ranOut: (name: string, until: string) =>
      `The certificate of ${name} on this browser is not valid today; it is valid until ${until}. Send a new request, or look at the date of this device.`,
    again: "Ask for a new certificate",
  },

  cannot: {
    insecure: {
      title: "This page can’t make keys",
      why: "The address does not begin with https, so your browser keeps its cryptography off.",
      todo: "Open the page again with https at the start.",
    },
    unsupported: {
      title: "This browser can’t keep such keys",
      todo: "Use Chrome or Edge 141 or newer, or a current Firefox.",
    },
    unloaded: {
      title: "A part of this page could not be loaded",
      why: "The connection may have been lost, or the server was updated.",
      todo: "Check your connection and open the page again.",
    },
  } satisfies Record<string, Trouble>,
} as const;

// The sentences about what the clinic's server can and can't see, in English.
//
// Owns: words. Never does: load anything.

export const privacy = {
  title: "What the server can and can’t see – Rapport",
  heading: "What the server can and can’t see",
  lead: "Your sessions go through a server that the clinic runs. This page says what that server, and whoever has broken into it, can learn.",

  cannot: {
    heading: "It can’t see or hear the session",
    points: [
      "Picture, sound and shared screens are locked on your device before they leave it, and unlocked on the devices of the others. The server passes on what it can’t open.",
      "The keys are made on the devices and go from device to device. The server never has one, and no setting gives it one.",
      "It can’t let anybody in. Only the therapist’s device does that, for one device and one visit, and signs it.",
      "It can’t change what is said or shown, put a stranger’s picture under a name, or play something again: your device does not open that.",
      "What stands after the # in a link that your therapist hands over never reaches it. It proves to the therapist that you were invited, and to you that this is your therapist’s clinic.",
      "It can’t open a recording. Everybody’s device gives the keys of a recording only to those whom everybody agreed to, locked for them, and only for the time in which everybody agreed.",
    ],
  },

  can: {
    heading: "It sees that there is a session",
    points: [
      "Who is there, under the names that were typed, with which device, and by which link they came. It knows a device again from one session to the next.",
      "Who was let in, turned away or sent away.",
      "When they come and go, from which internet address, and how good their line is.",
      "Who is muted, has the camera off, shares a screen, raises a hand, and who speaks at the moment.",
      "How much is sent, and when. Sound is filled up to a few sizes, so that sizes tell little of what is said; sizes of pictures tell how much moves.",
      "Of a recording: that it was made, when, by whose wish, what for, how long it is kept, who agreed, and how much was sent.",
      "It can keep people apart, or end a session. If it hides that somebody came or left, you are warned within 15 seconds.",
    ],
    demo: "In a demonstration the server makes the links itself. Then it knows what stands after the #, and could come in with it: such a page says so at the top.",
  },

  words: {
    heading: "Five words make sure",
    text: "If you and the therapist read the same five words to each other, nobody is between you. From then on the lock says “Verified”, and another device than before is announced.",
  },

  limit: {
    heading: "The limit of a web page",
    text: "This page comes from the same server. Whoever runs the server, or has broken into it, could send you a page that does other than it says, and nothing in a page can rule that out. What can be done about it:",
    points: [
      "Somebody who knows computers can run the command “rapport verify-client”. It compares what a server sends with the files that the makers have published. A server that expects that could still send you something else.",
      "The number below stands for the list of files that this server names. If two people see different numbers, ask why. The same number alone proves little: it is what the server says of itself.",
    ],
  },

  version: {
    heading: "The files of this page",
    number: "The number of this version:",
    list: (count: number) => `Show all ${count} files with their check sums (SHA-256)`,
    wait: "Loading the list of files",
    missing: {
      title: "The list of files could not be loaded",
      todo: "Check your connection and open this page again. If it stays away, this server does not name its files.",
    },
  },
} as const;

// Every sentence of the pages, in English: one place for its next translator, typed so that none can be missing.
//
// Owns: words. Never does: decide which of them is shown.

import type { EndCode, FragmentFault, Line, LinkErrorCode, LinkFault } from "@rapport/client";
import { browsers, devices, type Trouble } from "./devices";
import { trust } from "./trust";

export type { Trouble } from "./devices";

/** How a view ends, with a way on. */
export interface Ending extends Trouble {
  /** What the one button does. */
  way: "rejoin" | "reload" | "none";
}

/** Why nobody can come in by this page. */
export type LinkTrouble =
  | LinkFault
  | FragmentFault
  | LinkErrorCode
  | "insecure"
  | "unsupported"
  | "not_certified"
  | "certificate_expired"
  | "certificate_foreign";

const newLink = "Ask the person who invited you for a new link.";

const links: Record<LinkTrouble, Ending> = {
  no_secret: {
    title: "This link is not complete",
    why: "The part after the # is missing. It shows the therapist that you were invited, so nobody can join without it.",
    todo: "Open the whole link from your message. If it is broken there, ask for it again.",
    way: "none",
  },
  truncated_secret: {
    title: "This link is cut off",
    why: "The end of it is missing. Some mail programs break long links in two.",
    todo: "Copy the whole link from your message into the address bar. If that fails, ask for it again.",
    way: "none",
  },
  old_form: {
    title: "This link is of an older version",
    why: "Links made before the last update don’t work any more.",
    todo: newLink,
    way: "none",
  },
  not_certified: {
    title: "This device is not a therapist’s",
    why: "The link is for a therapist, and this browser has no certificate of the clinic for it.",
    todo: "Open the link on the device that the clinic has certified, in the same browser. The page /device of this server tells what this browser is, and how it is certified.",
    way: "none",
  },
  certificate_expired: {
    title: "This device’s certificate is not valid today",
    why: "It has run out, or the clock of this device is wrong by days.",
    todo: "Look at the date of this device. If it is right, ask for a new certificate: the page /device of this server shows how.",
    way: "none",
  },
  certificate_foreign: {
    title: "This link is of another clinic",
    why: "This browser is certified as a therapist’s device, and not by the clinic of this link.",
    todo: "Open the link on a device that its clinic has certified, or ask for a link of your own clinic.",
    way: "none",
  },
  no_invitation: {
    title: "This link is not complete",
    why: "The part that names the session is missing or damaged.",
    todo: "Open the whole link from your message. If it is broken there, ask for it again.",
    way: "none",
  },
  unknown_link: {
    title: "This link is not known here",
    why: "It may be mistyped, or the session it belongs to is gone.",
    todo: `Check that it is the link you were given. ${newLink}`,
    way: "none",
  },
  expired: {
    title: "This link is no longer valid",
    why: "Its time has run out.",
    todo: newLink,
    way: "none",
  },
  revoked: {
    title: "This link was taken back",
    why: "Whoever made it has ended it.",
    todo: newLink,
    way: "none",
  },
  server_gone: {
    title: "The session can’t be reached",
    why: "Your internet connection may be off, or the service is not running.",
    todo: "Check your connection and try again. If other pages open, wait a minute.",
    way: "reload",
  },
  refused: {
    title: "You can’t join this session",
    why: "The service did not permit it.",
    todo: "Contact the person who invited you.",
    way: "none",
  },
  fault: {
    title: "Something went wrong on our side",
    why: "The service gave an answer that this page does not understand.",
    todo: "Load the page again. If it happens again, tell the person who invited you.",
    way: "reload",
  },
  insecure: {
    title: "This page was opened without https",
    why: "Without it your browser can’t protect the session, and it keeps camera and microphone off.",
    todo: "Open the link again with https at the start.",
    way: "none",
  },
  unsupported: {
    title: "This browser can’t seal a session",
    why: "Rapport locks picture and sound on your device, and this browser lacks what it takes.",
    todo: `Open your link in ${browsers}`,
    way: "none",
  },
};

const endings: Record<EndCode, Ending> = {
  left: { title: "You left the session", todo: "You can come back with the same link.", way: "rejoin" },
  ended: {
    title: "The session has ended",
    why: "The host ended it for everybody.",
    todo: "You can close this page.",
    way: "none",
  },
  removed: {
    title: "You are no longer in the session",
    why: "The host removed you.",
    todo: "If you think that this was a mistake, contact the host.",
    way: "none",
  },
  replaced: {
    title: "You joined from somewhere else",
    why: "The session was opened again by this device, in another tab or window, so this one stopped.",
    todo: "Go on over there, or come back here.",
    way: "rejoin",
  },
  expired: {
    title: "This link is no longer valid",
    why: "Its time has run out.",
    todo: newLink,
    way: "none",
  },
  revoked: links.revoked,
  unknown_link: {
    title: "This link is not known here",
    why: "The session it belongs to is gone.",
    todo: newLink,
    way: "none",
  },
  room_full: {
    title: "The session is full",
    why: "As many people are in it as it can hold.",
    todo: "Try again when somebody has left, or contact the host.",
    way: "rejoin",
  },
  room_locked: {
    title: "The session is locked",
    why: "The host lets nobody new in at the moment.",
    todo: "Contact the host, then try again.",
    way: "rejoin",
  },
  room_unsealed: {
    title: "You were not let in, for your protection",
    why: "Somebody sends picture or sound there that is not sealed.",
    todo: "Contact the host and ask for a new session.",
    way: "none",
  },
  not_sealed: {
    title: "The session was stopped to protect you",
    why: "This browser did not seal your picture or sound as it should. Nothing unsealed was shown to anybody.",
    todo: "Load the page again. If it happens again, use another browser.",
    way: "reload",
  },
  unsupported: {
    title: "This browser can’t seal a session",
    why: "Rapport locks picture and sound on your device, and this browser lacks what it takes.",
    todo: `Open your link in ${browsers}`,
    way: "none",
  },
  server_gone: {
    title: "The connection was lost",
    why: "The service did not answer for too long.",
    todo: "Check your internet connection, then join again.",
    way: "rejoin",
  },
  media_blocked: {
    title: "Picture and sound can’t get through",
    why: "Your network seems to block calls. Company and hospital networks often do.",
    todo: "Try another network, for example the mobile network of your phone, then join again.",
    way: "rejoin",
  },
  refused: {
    title: "You can’t join this session",
    why: "The service did not permit it.",
    todo: "Contact the person who invited you.",
    way: "none",
  },
  fault: {
    title: "Something went wrong on our side",
    why: "The session stopped because of a defect.",
    todo: "Load the page again and join once more. If it happens again, tell the person who invited you.",
    way: "reload",
  },
};

const lines: Record<Line, string> = {
  unknown: "Connection not measured yet",
  good: "Good connection",
  fair: "Fair connection",
  poor: "Weak connection",
};

export const words = {
  product: "Rapport",
  skip: "Skip to the main part",
  close: "Close",
  cancel: "Cancel",
  details: "Details for support",
  you: "You",
  unnamed: "No name",
  demoLine: "This is a demo. This server made the link, so it could read along.",

  titles: {
    home: "Rapport",
    lobby: "Before you join – Rapport",
    trouble: "Can’t join – Rapport",
    call: (title: string) => `${title} – Rapport`,
    end: "Session over – Rapport",
    missing: "Page not found – Rapport",
  },

  home: {
    heading: "A calm place to talk",
    lead: "Rapport carries video sessions between people who trust each other. Picture and sound are locked on your device before they leave it.",
    todo: "To join a session, open the link that you were given. You need no account and nothing to install.",
    noLink: "No link? Ask the person you are meeting.",
    privacy: "What the server can and can’t see",
    device: "For therapists: is this browser certified?",
    clinic: "For the owner of a clinic: its key, and certifying devices",
  },
  unloaded: {
    title: "This page could not be loaded",
    why: "The connection may have been lost, or the server was updated.",
    todo: "Check your connection and open the page again.",
  },
  missing: {
    heading: "There is no page here",
    todo: "Check the address, or open the link that you were given again.",
  },

  wait: {
    link: "Checking your link",
    devices: "Waiting for your camera and microphone. Your browser may ask you to allow them",
    without: "Join without",
  },

  lobby: {
    heading: "Before you join",
    recordings: "Recordings of this session",
    into: (title: string) => `You are about to join “${title}”.`,
    name: "Your name",
    nameHint: "Everybody in the session sees it.",
    nameMissing: "Enter your name, so that the others know who you are.",
    remember: "Remember my name on this device",
    turnOn: "Turn on camera and microphone",
    turnOnHint: "Your browser will ask for permission. Nobody sees or hears you before you join.",
    preview: "Your picture, as in a mirror",
    starting: "Starting your camera",
    cameraOff: "Your camera is off",
    cameraNotYet: "Check how you look and sound",
    microphone: "Microphone",
    camera: "Camera",
    speaker: "Speaker",
    devices: "Camera and sound",
    noChoice: "None found",
    level: "Microphone level",
    levelOff: "Your microphone is off",
    levelHint: "Say a few words. The bar moves when your microphone hears you.",
    test: "Play a test sound",
    testing: "Playing",
    testDone: "Did you hear it? If not, turn the volume up or pick another speaker.",
    testFailed: "The sound could not be played. Pick another speaker.",
    again: "Try again",
    join: "Join",
    joinSound: "Join with sound only",
    joinSeen: "Join without a microphone",
    joinSilent: "Join to watch and listen",
    joinNothing: "Join without camera and microphone",
    joining: "Joining",
  },

  devices,
  links,
  endings,
  lines,

  end: {
    rejoin: "Join again",
    reload: "Try again",
  },

  call: {
    heading: (title: string) => `Session: ${title}`,
    controls: "Controls",
    main: "People and screens",
    alone: "Nobody else is here yet",
    aloneHint: "Stay on this page. The others appear here as soon as they come in.",
    microphone: "Microphone",
    camera: "Camera",
    share: "Share screen",
    hand: "Raise hand",
    people: "People",
    settings: "Settings",
    leave: "Leave",
    mute: "Mute yourself",
    unmute: "Unmute yourself",
    noMicrophone: "Turn on a microphone",
    cameraStop: "Turn your camera off",
    cameraStart: "Turn your camera on",
    shareStart: "Share a window or a tab",
    shareStop: "Stop sharing",
    handUp: "Raise your hand",
    handDown: "Lower your hand",
    peopleOpen: "Show who is here",
    settingsOpen: "Devices, view and keys",
    chooseMicrophone: "Choose microphone and speaker",
    chooseCamera: "Choose camera",
    leaveHint: "Leave the session",
    handIsUp: "Hand up",
    mutedNow: "Muted",
    unmutedNow: "Microphone on",
    speaking: "Speaking",
    cameraIsOff: "Camera off",
    sharing: "Sharing a screen",
    host: "Host",
    waitingPicture: "Waiting for the picture",
    connecting: "Connecting",
    away: "Connection lost. Waiting for them to come back",
    awayShort: "Reconnecting",
    wrongKey: "What this person sends can’t be opened. You can’t see or hear them. Ask them to join again.",
    wrongKeyShort: "Can’t be opened",
    screenOf: (name: string) => `${name}’s screen`,
    showScreen: (name: string) => `Show ${name}’s screen`,
    screens: "Shared screens",
    fit: "Show it in full screen",
    own: {
      label: "Your own picture",
      move: "Move your picture with the arrow keys, or drag it",
      hide: "Hide your picture",
      show: "Show your picture",
      hidden: "Your picture is hidden from you. The others still see it.",
    },
  },

  seal: {
    open: "Who is here, and what is sealed",
    demo: "In this demo the server itself made the links. It could read along.",
  },
  trust,

  people: {
    heading: (count: number) => `People (${count})`,
    listeners: (count: number) =>
      count === 1
        ? "1 listener without a key: it sees no picture and hears no sound"
        : `${count} listeners without a key: they see no picture and hear no sound`,
    remove: "Remove",
    removeName: (name: string) => `Remove ${name}`,
    removeTitle: (name: string) => `Remove ${name}?`,
    removeLost: (name: string) =>
      `${name} leaves the session at once, and does not come in again with this device unless you let them.`,
    lock: "Lock the session",
    lockHint: "Nobody new can come in. Those who are here stay.",
    locked: "Locked",
    lockedLine: "The session is locked. Nobody new can come in.",
    host: "For the host",
    end: "End for everybody",
  },

  leave: {
    title: "Leave the session?",
    lost: "If you only leave, the others can go on without you. If you end it for everybody, all are sent out at once and the session is over.",
    only: "Only leave",
    endTitle: "End the session for everybody?",
    endLost: "All are sent out at once and the session is over.",
  },

  settings: {
    title: "Settings",
    devices: "Devices",
    view: "View",
    showOwn: "Show my own picture",
    keys: "Keys",
    useKeys: "Use single keys as shortcuts",
    keyList: [
      ["M", "Microphone on or off"],
      ["V", "Camera on or off"],
      ["S", "Share a screen or stop"],
      ["H", "Raise or lower your hand"],
      ["P", "Show or hide the list of people"],
      ["Esc", "Close what is open"],
    ] as const,
    support: "Details for support",
    supportEmpty: "Nothing measured yet",
  },

  banner: {
    lane: "Notices",
    reconnecting: (seconds: number) =>
      seconds < 2
        ? "Connection lost. Looking for it"
        : `Connection lost. Looking for it for ${seconds} seconds`,
    joining: "Coming in",
    joiningSlow: "This takes longer than it should",
    again: "Try again",
    leave: "Leave",
    blocked: "Your browser holds the sound back",
    hear: "Tap to hear",
    microphoneLost: "Your microphone is gone. The others can’t hear you",
    cameraLost: "Your camera is gone. The others can’t see you",
    pick: "Choose another",
    mutedSpeaking: "You are muted. The others can’t hear you",
    unmute: "Unmute",
    sharing: "You are sharing your screen",
    stop: "Stop sharing",
    whatToDo: "What to do",
    dismiss: "Dismiss",
  },

  heard: {
    joined: (name: string) => `${name} came in`,
    left: (name: string) => `${name} left`,
    hand: (name: string) => `${name} raised a hand`,
    away: (name: string) => `${name} lost the connection`,
    back: (name: string) => `${name} is back`,
    screen: (name: string) => `${name} shares a screen`,
    listener: "A listener without a key came in",
    wrongKey: (name: string) => `What ${name} sends can’t be opened. You can’t see or hear them`,
    reconnected: "You are connected again",
    locked: "The session is locked",
    unlocked: "The session is open again",
  },
} as const;

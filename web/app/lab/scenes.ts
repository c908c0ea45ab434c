// Every state worth a look, by name.

import {
  type CallStatistics,
  DeviceError,
  type EndCode,
  type ListedRecording,
  type Person,
  type RecordingState,
  type ReviewCode,
  type SessionState,
} from "@rapport/client";
import type { CallFace } from "../src/call/face";
import type { ReviewFace } from "../src/review/face";
import { clinic } from "../src/words/clinic";
import { type LinkTrouble, words } from "../src/words/en";
import { recordingWords } from "../src/words/recording";
import { review } from "../src/words/review";
import { fakePlayer, fakeShelf } from "./fakes-review";
import { FakeCapture, fakePerson, fakeRecording, fakeScreen, fakeTrust, fakeYou } from "./fakes";

export type Scene =
  | { view: "home" | "missing" | "certify" | "privacy" }
  | { view: "clinic" | "device"; click?: string }
  | { view: "end"; code: EndCode }
  | { view: "trouble"; code: LinkTrouble }
  | { view: "lobby"; capture: FakeCapture; title: string; joining?: boolean; recordings?: boolean }
  | { view: "shelf"; recordings: ListedRecording[] }
  | { view: "theatre"; player: ReviewFace }
  | {
      view: "call";
      call: CallFace;
      seconds?: number;
      soundBlocked?: boolean;
      press?: string;
      /** Buttons by their words, or `Escape`, one after the other. */
      click?: string | string[];
    };

export const scenes: Record<string, () => Scene> = {
  home: () => ({ view: "home" }),
  missing: () => ({ view: "missing" }),
  privacy: () => ({ view: "privacy" }),
  "clinic-start": () => ({ view: "clinic" }),
  "clinic-make": () => ({ view: "clinic", click: clinic.start.make }),
  "clinic-open": () => ({ view: "clinic", click: clinic.start.certify }),
  "clinic-certify": () => ({ view: "certify" }),
  device: () => ({ view: "device" }),
  ...named(Object.keys(words.endings) as EndCode[], "end", (code) => ({ view: "end", code })),
  ...named(Object.keys(words.links) as LinkTrouble[], "trouble", (code) => ({ view: "trouble", code })),
  "lobby-ask": () => ({ view: "lobby", capture: new FakeCapture(false), title: TITLE }),
  "lobby-ready": () => ({ view: "lobby", capture: new FakeCapture(), title: TITLE }),
  "lobby-joining": () => ({ view: "lobby", capture: new FakeCapture(), title: LONG_TITLE, joining: true }),
  "lobby-faults": lobbyWithFaults,
  "lobby-recordings": () => ({
    view: "lobby",
    capture: new FakeCapture(),
    title: TITLE,
    recordings: true,
  }),
  ...reviews(),
  "call-joining": () => ({ view: "call", call: fake([], { state: { phase: "joining" } }), seconds: 1 }),
  "call-joining-slow": () => ({ view: "call", call: fake([], { state: { phase: "joining" } }), seconds: 11 }),
  "call-1": () => ({ view: "call", call: fake([]) }),
  ...named([2, 3, 5, 9, 16], "call", (count) => ({ view: "call", call: fake(crowd(count - 1)) })),
  "call-people": () => ({
    view: "call",
    press: "p",
    call: fake([...crowd(6), listener()], { state: { locked: true } }),
  }),
  "call-guest-people": () => ({
    view: "call",
    press: "p",
    call: fake(crowd(2), { host: false, state: { locked: true } }),
  }),
  "call-screen": () => ({ view: "call", call: fake(withScreens(5, [1])) }),
  "call-screens": () => ({ view: "call", call: fake(withScreens(15, [1, 6])) }),
  "call-troubled": () => ({ view: "call", call: fake(troubled()) }),
  "call-troubled-small": () => ({ view: "call", call: fake([...troubled(), ...crowd(9).slice(5)]) }),
  "call-reconnecting": () => ({
    view: "call",
    seconds: 4,
    call: fake(crowd(1), { state: { phase: "reconnecting" } }),
  }),
  "call-reconnecting-long": () => ({
    view: "call",
    seconds: 27,
    call: fake(crowd(1), { state: { phase: "reconnecting" } }),
  }),
  "call-blocked": () => ({ view: "call", call: fake(crowd(1)), soundBlocked: true }),
  "call-lost": lostMicrophone,
  "call-fault": () => ({
    view: "call",
    call: fake(crowd(1), { screenFault: new DeviceError("unsupported", "screen", "") }),
  }),
  "call-muted": () => ({ view: "call", call: fake(crowd(1), { mutedSpeaking: true, muted: true }) }),
  "call-settings": () => ({ view: "call", click: words.call.settings, call: fake(crowd(1)) }),
  "call-seal": () => ({ view: "call", click: words.trust.lock.verified, call: fake(crowd(1)) }),
  "call-changed": () => ({
    view: "call",
    click: words.trust.lock.changed,
    call: fake([fakePerson(0, { trust: { ...fakeTrust(0), familiarity: "changed" } }), ...crowd(3).slice(1)]),
  }),
  ...named(["alone", "knocking", "waiting", "refused"] as const, "waiting", (standing) => ({
    view: "call",
    call: fake([], {
      host: false,
      state: { standing, hosts: standing === "waiting" ? [{ ...fakeTrust(3), name: "Ines Duarte" }] : [] },
    }),
  })),
  "call-guests": () => ({
    view: "call",
    call: fake(crowd(1), {
      state: {
        waiting: [
          { ...fakeTrust(7), name: "Nguyễn Thị Minh Khai", declined: false },
          { ...fakeTrust(8), name: "Jonas", declined: false, link: "none" },
          { ...fakeTrust(9), name: "Ана", declined: true, familiarity: "changed" },
        ],
        notices: [{ code: "unconfirmed", name: "Omar Haddad" }],
      },
    }),
  }),
  "call-links": () => ({
    view: "call",
    press: "p",
    call: fake(crowd(1), {
      state: {
        links: ["Wq3", "x7Y"].map((invitation) => ({
          invitation,
          url: `https://clinic.example/j/${invitation.repeat(7)}#AeQ2c3R1dnd4eXowMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5v`,
        })),
      },
    }),
  }),
  ...recordings(),
  "call-leave": () => ({ view: "call", click: words.call.leave, call: fake(crowd(1)) }),
  "call-remove": () => ({ view: "call", press: "p", click: words.people.remove, call: fake(crowd(2)) }),
  "call-sharing": () => ({ view: "call", call: fake(crowd(2), { sharing: true }) }),
};

/** Each moment of a recording, as the host sees it and as a guest does. */
function recordings(): Record<string, () => Scene> {
  const of = (more: Partial<RecordingState>, making: Making = {}): Scene => ({
    view: "call",
    call: fake(crowd(2), { ...making, state: { canRecord: true, recording: fakeRecording(more) } }),
  });
  const on = { phase: "recording", isOn: true, safeMs: 12_300 } as const;
  const unanswered = { answer: undefined, proposal: { ...fakeRecording().proposal!, isOwn: false } } as const;
  const ended = { phase: "ended", safeMs: 47_000 } as const;
  return {
    "call-record": () => ({
      view: "call",
      press: "p",
      call: fake(crowd(2), { state: { canRecord: true } }),
    }),
    "call-record-propose": () => ({
      view: "call",
      press: "p",
      click: recordingWords.propose.act,
      call: fake(crowd(2), { state: { canRecord: true } }),
    }),
    "call-record-missing": () => ({
      view: "call",
      press: "p",
      click: [recordingWords.propose.act, recordingWords.propose.ask],
      call: fake([fakePerson(0, { standing: "host" })], { state: { canRecord: true } }),
    }),
    "call-record-waiting": () => of({ missing: ["Omar Haddad", "Nguyễn Thị Minh Khai"] }),
    "call-record-asked": () => of(unanswered, { host: false }),
    "call-record-on": () => of(on),
    "call-record-on-muted": () => of({ ...on, safeMs: 754_000 }, { mutedSpeaking: true, muted: true }),
    "call-record-sound": () => of({ ...on, isSoundOnly: true }),
    "call-record-paused": () => of({ phase: "paused", safeMs: 12_300, missing: ["Nguyễn Thị Minh Khai"] }),
    "call-record-paused-you": () => ({
      ...of({ ...unanswered, phase: "paused" }, { host: false }),
      click: "Escape",
    }),
    "call-record-later": () => ({ ...of(unanswered, { host: false }), click: "Escape" }),
    "call-record-ended": () => of({ ...ended, end: "stopped" }),
    "call-record-low": () => of({ ...ended, end: "stopped", hoursLeft: 3 }),
    "call-record-gone": () => of({ ...ended, end: "gone" }, { host: false }),
    "call-record-failed": () => of({ ...ended, end: "failed" }),
    "call-record-full": () => of({ phase: "ended", end: "full", hoursLeft: 2 }),
  };
}

/** The list, and one recording in each of its states. */
function reviews(): Record<string, () => Scene> {
  const of = (more: Partial<ReviewFace>, count = 2): Scene => ({
    view: "theatre",
    player: fakePlayer(count, more),
  });
  const failed = (code: ReviewCode) => {
    const place = { file: "capture-000.mkv", offset: 1_204_777, ms: 754_000 };
    const isPlayed = ["damaged", "replayed", "no_key", "not_agreed"].includes(code);
    return of({
      fault: { code, detail: "a frame that does not authenticate", place: isPlayed ? place : {} },
      ...(!isPlayed && { reviewed: undefined }),
    });
  };
  return {
    "review-list": () => ({ view: "shelf", recordings: fakeShelf() }),
    "review-list-empty": () => ({ view: "shelf", recordings: [] }),
    "review-opening": () => of({ reviewed: undefined }),
    "review-playing": () => of({ isPlaying: true }),
    "review-waiting": () => of({ isPlaying: true, isWaiting: true }),
    "review-one": () => of({}, 1),
    "review-three": () => of({}, 3),
    "review-sound-only": () => of({ isPlaying: true, isSoundOnly: true, rate: 1.5 }),
    "review-unseen": () => {
      const player = fakePlayer(2);
      player.people = player.people.map((person, at) =>
        at ? { ...person, pictures: [], isUnseen: true } : person,
      );
      return { view: "theatre", player };
    },
    ...named(Object.keys(review.faults) as ReviewCode[], "review-fault", failed),
  };
}

const TITLE = "Session with Ines Duarte";
const LONG_TITLE =
  "Tuesday evening group for people who care for somebody with dementia, second half of the year";

interface Making {
  state?: Partial<SessionState>;
  host?: boolean;
  sharing?: boolean;
  mutedSpeaking?: boolean;
  muted?: boolean;
  screenFault?: DeviceError;
}

function fake(others: Person[], making: Making = {}): CallFace {
  const { state, host = true, sharing = false, mutedSpeaking = false, muted = false, screenFault } = making;
  const capture = new FakeCapture();
  capture.muted = muted;
  const nothing = () => undefined;
  const people = state?.phase === "joining" ? [] : [fakeYou(), ...others];
  return {
    state: {
      phase: "live",
      people,
      locked: false,
      standing: "admitted",
      isHeld: false,
      isHostAuthenticated: true,
      hosts: [],
      waiting: [],
      links: [],
      notices: [],
      isLasting: true,
      canRecord: false,
      recording: undefined,
      ...state,
    },
    title: others.length > 8 ? LONG_TITLE : TITLE,
    demo: others.length < 3,
    host,
    capture,
    sharing,
    choosingScreen: false,
    mutedSpeaking,
    screenFault,
    toggleMicrophone: nothing,
    toggleCamera: nothing,
    toggleScreen: nothing,
    toggleHand: nothing,
    chooseMicrophone: nothing,
    chooseCamera: nothing,
    chooseSpeaker: nothing,
    forgetFaults: nothing,
    remove: nothing,
    admit: nothing,
    refuse: nothing,
    putBack: nothing,
    invite: () => Promise.resolve(undefined),
    takeBack: () => Promise.resolve(undefined),
    match: nothing,
    dismiss: nothing,
    propose: nothing,
    answer: nothing,
    lock: nothing,
    endForAll: nothing,
    leave: nothing,
    again: nothing,
    statistics: () => Promise.reject<CallStatistics>(new Error("no session")),
  };
}

function named<T extends string | number>(
  keys: T[],
  view: string,
  make: (key: T) => Scene,
): Record<string, () => Scene> {
  return Object.fromEntries(keys.map((key) => [`${view}-${key}`, () => make(key)]));
}

function crowd(count: number): Person[] {
  return Array.from({ length: count }, (_, index) => fakePerson(index));
}

function listener(): Person {
  return fakePerson(90, { name: "", standing: "listener", camera: false, cameraStream: undefined });
}

function withScreens(count: number, sharers: number[]): Person[] {
  return crowd(count).map((person, index) =>
    sharers.includes(index) ? { ...person, screen: true, screenStream: fakeScreen() } : person,
  );
}

function troubled(): Person[] {
  return [
    fakePerson(0, { seal: "wrong_key", cameraStream: undefined, speaking: false }),
    fakePerson(1, { connection: "away" }),
    fakePerson(2, { connection: "connecting", cameraStream: undefined }),
    fakePerson(4, { seal: "waiting", cameraStream: undefined }),
  ];
}

function lobbyWithFaults(): Scene {
  const capture = new FakeCapture();
  capture.camera = null;
  capture.microphone = null;
  capture.devices = { microphones: [], cameras: [], speakers: [] };
  capture.faults = {
    camera: new DeviceError("in_use", "camera", ""),
    microphone: new DeviceError("denied", "microphone", ""),
  };
  return { view: "lobby", capture, title: TITLE };
}

function lostMicrophone(): Scene {
  const call = fake(crowd(1));
  call.capture.microphone = null;
  call.capture.lost.microphone = true;
  return { view: "call", call };
}

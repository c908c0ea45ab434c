// A call, from the click on "Join" to its end.
//
// Owns: the public face, the wishes of this person, and coming back when the connection is lost.
// Never does: draw, open a device or stop a capture, play sound. The page that gives a track also ends it.
//
// Closing a tab says nothing to the server on purpose: a reload is the same, and whoever says "leave" would not come
// back into a locked room. The others see somebody who is gone without a word as `away` for half a minute.

import { LinkError, redeem } from "../link.ts";
import { DeviceError } from "../media/devices.ts";
import { watchSpeaking } from "../media/speaking.ts";
import type { CallStatistics } from "../media/statistics.ts";
import { canSeal, noCounts } from "../sealing/index.ts";
import type { ClientBody } from "../signaling/protocol.ts";
import type { Closing } from "../signaling/socket.ts";
import { onWake } from "../signaling/wake.ts";
import { Comeback } from "./comeback.ts";
import { mediaState, type Own } from "./own.ts";
import type { CallIdentity } from "./identity.ts";
import { Invitations } from "./invitations.ts";
import { peopleOf, trustOf } from "./people.ts";
import { Presence } from "./presence.ts";
import { proposingOf, recordingOf } from "./recording.ts";
import type { Roster } from "./roster.ts";
import type { End, EndCode, FaultCode, Line, Notice, RecordingWish, SessionState } from "./types.ts";

export interface JoinOptions {
  /** Of the server; by default where the page comes from. */
  origin?: string;
  /** By which a token that ran out is renewed when a lost call is taken up again. */
  invitation?: string;
  token: string;
  room: string;
  /** Who this is: see `identityOf`. */
  identity: CallIdentity;
  /** Shown to the others: not empty; what is beyond 64 characters is cut off. */
  name: string;
  microphone?: MediaStreamTrack | null;
  camera?: MediaStreamTrack | null;
  /** Pictures are coded by AV1 where the browser can: see `Redeemed`. */
  av1?: boolean;
}

export class Session {
  readonly #options: JoinOptions;
  readonly #name: string;
  readonly #own: Own = {
    microphone: null,
    muted: false,
    camera: null,
    screen: null,
    speaking: false,
    hand: false,
    line: "unknown",
  };
  /** Of a host. */
  readonly #invitations: Invitations | undefined;
  readonly #listeners = new Set<(state: SessionState) => void>();
  readonly #comeback = new Comeback(performance.now());
  readonly #stopWaking = onWake(() => this.#retryNow());
  #token: string;
  #presence: Presence | undefined;
  #retry: { timer: ReturnType<typeof setTimeout>; join: () => void } | undefined;
  #roster: Roster | undefined;
  #ownCamera: MediaStream | undefined;
  #stopListening: (() => void) | undefined;
  #phase: SessionState["phase"] = "joining";
  #lostSince = 0;
  #end: End | undefined;
  #notices: readonly Notice[] = [];
  #state: SessionState = { ...NOBODY, phase: "joining", locked: false };
  #told = true;

  /** Returns at once; how it goes is in the state. Throws a `RangeError` for a name that nobody could read. */
  static join(options: JoinOptions): Session {
    return new Session(options);
  }

  private constructor(options: JoinOptions) {
    this.#options = options;
    this.#token = options.token;
    this.#name = readable(options.name);
    const { origin = location.origin, room, identity } = options;
    if (identity.certificate)
      this.#invitations = new Invitations({ origin, room }, identity.store, identity.certificate);
    this.#takeMicrophone(options.microphone ?? null);
    this.#takeCamera(options.camera ?? null);
    if (canSeal()) this.#join();
    else this.#finish("unsupported", "RTCRtpScriptTransform is absent");
  }

  /** A value: it never changes, there are new ones. */
  get state(): SessionState {
    return this.#state;
  }

  /** Calls back at once, and then after each change. Returns what ends it. */
  subscribe(listener: (state: SessionState) => void): () => void {
    // Each subscription is its own, even of the same function.
    const own = (state: SessionState) => listener(state);
    this.#listeners.add(own);
    own(this.#state);
    return () => this.#listeners.delete(own);
  }

  /** Speaks through this one from now on; `null` for none. */
  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    this.#takeMicrophone(track);
    await this.#apply();
  }

  /** Within a frame of sound. The microphone stays open, so that talking again is as quick. */
  setMuted(muted: boolean): void {
    this.#own.muted = muted;
    if (this.#own.microphone) this.#own.microphone.enabled = !muted;
    this.#say({ type: "media", media: mediaState(this.#own) });
    this.#changed();
  }

  /** Shows this one from now on; `null` for off. Stop the former track: that puts the camera's light out. */
  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    this.#takeCamera(track);
    await this.#apply();
  }

  /** Shows this screen; `null` ends it, and so does the browser's own button. Throws a `DeviceError` if refused. */
  async setScreen(stream: MediaStream | null): Promise<void> {
    this.#own.screen = stream;
    const [picture] = stream?.getVideoTracks() ?? [];
    picture?.addEventListener("ended", () => this.#own.screen === stream && void this.setScreen(null));
    if (await this.#apply()) return;
    if (this.#own.screen === stream) this.#own.screen = null;
    await this.#apply();
    throw new DeviceError("failed", "screen", "the server takes no screen");
  }

  raiseHand(raised: boolean): void {
    this.#own.hand = raised;
    this.#say({ type: "hand", raised });
    this.#changed();
  }

  /** Sends somebody away. Hosts only, as all of the next three. */
  remove(id: number): void {
    this.#say({ type: "remove", participant: id });
  }

  /** Lets nobody new in, or again. */
  lock(locked: boolean): void {
    this.#say({ type: "lock", locked });
  }

  endForAll(): void {
    this.#say({ type: "end" });
  }

  /** Lets somebody in who waits. Hosts only, as all of the next three. */
  admit(stay: string): void {
    this.#presence?.agreeing?.admit(stay);
  }

  /** Keeps somebody out, or sends them away: their device does not come in again. */
  refuse(stay: string): void {
    this.#presence?.agreeing?.refuse(stay);
  }

  putBack(stay: string): void {
    this.#presence?.agreeing?.putBack(stay);
  }

  /** Makes one more link for guests: it stands in the state. Throws `LinkError`. */
  async invite(): Promise<void> {
    await this.#invitations?.make(this.#token);
    await this.#linksChanged();
  }

  /** Nobody comes in by this link any more; who is in stays. Throws `LinkError`. */
  async takeBack(invitation: string): Promise<void> {
    await this.#invitations?.takeBack(this.#token, invitation);
    await this.#linksChanged();
  }

  /** The person has compared the words, and they are the same. */
  match(stay: string): void {
    this.#presence?.agreeing?.match(stay);
  }

  /** Asks everybody whether they agree to a recording. Hosts only. */
  propose(wish: RecordingWish): void {
    const agreeing = this.#presence?.agreeing;
    const proposing = proposingOf(wish, this.#state.people, agreeing?.stay);
    if (proposing) agreeing?.propose(proposing);
  }

  /** What this person says to a proposal, by its id. A no ends it for everybody, before and while it runs. */
  answer(proposal: string, yes: boolean): void {
    this.#presence?.agreeing?.answer(proposal, yes);
  }

  /** The person has read it. */
  dismiss(notice: Notice): void {
    this.#notices = this.#notices.filter((one) => one !== notice);
    this.#changed();
  }

  leave(): void {
    const presence = this.#presence;
    // goodbye first, so that the others renew their keys at once; the page need not wait for it
    const bye = presence?.agreeing?.bye() ?? Promise.resolve();
    this.#presence = undefined;
    void bye.finally(() => {
      presence?.say({ type: "leave" });
      presence?.close();
    });
    this.#finish("left", "");
  }

  /** Ends this attempt without a word to the others: who joins again at once takes the same seat, locked room or not. */
  abandon(): void {
    this.#finish("left", "abandoned");
  }

  /** Of the last two seconds, or so. */
  async statistics(): Promise<CallStatistics> {
    return this.#presence?.statistics() ?? NO_STATISTICS;
  }

  #takeMicrophone(track: MediaStreamTrack | null): void {
    this.#own.microphone = track;
    if (track) track.enabled = !this.#own.muted;
    track?.addEventListener("ended", () => this.#own.microphone === track && void this.setMicrophone(null));
    this.#stopListening?.();
    this.#stopListening = track ? this.#listenTo(track) : undefined;
  }

  #takeCamera(track: MediaStreamTrack | null): void {
    this.#own.camera = track;
    this.#ownCamera = track ? new MediaStream([track]) : undefined;
    track?.addEventListener("ended", () => this.#own.camera === track && void this.setCamera(null));
  }

  #listenTo(track: MediaStreamTrack): (() => void) | undefined {
    try {
      return watchSpeaking(track, (speaking) => {
        this.#own.speaking = speaking;
        this.#say({ type: "speaking", speaking });
        this.#changed();
      });
    } catch {
      return undefined; // no Web Audio: then nobody is told who speaks, and the call goes on
    }
  }

  async #apply(): Promise<boolean> {
    this.#changed();
    return (await this.#presence?.apply()) ?? true;
  }

  #say(body: ClientBody): void {
    this.#presence?.say(body);
  }

  async #linksChanged(): Promise<void> {
    this.#changed();
    await this.#presence?.agreeing?.handleLinks();
  }

  #join(): void {
    this.#retry = undefined;
    const { origin = location.origin, room, identity, av1 = false } = this.#options;
    const who = { identity, name: this.#name, ...(this.#invitations && { invitations: this.#invitations }) };
    const admission = { origin, room, av1, token: this.#token, ...who };
    try {
      this.#presence = new Presence(admission, this.#own, {
        changed: () => this.#changed(),
        line: (line) => this.#lineIs(line),
        warning: (code, stay) => this.#warn(code, stay),
        over: (closing) => this.#lost(closing),
      });
    } catch (error) {
      this.#finish("not_sealed", String(error));
    }
  }

  #warn(code: FaultCode, stay: string | undefined): void {
    const name = this.#presence?.agreement?.people.find((person) => person.stay === stay)?.name;
    this.#notices = [...this.#notices, { code, ...(name !== undefined && { name }) }].slice(-MOST_NOTICES);
    this.#changed();
  }

  #lineIs(line: Line): void {
    this.#own.line = line;
    this.#say({ type: "line", line });
    this.#changed();
  }

  #lost({ outcome, detail }: Closing): void {
    this.#presence = undefined;
    this.#changed();
    this.#updatePhase();
    const step = this.#comeback.next(outcome, performance.now(), this.#options.invitation !== undefined);
    if (step.then === "end") return this.#finish(step.code, detail);
    const join = step.renew ? () => void this.#renew() : () => this.#join();
    this.#retry = { join, timer: setTimeout(join, step.afterMs) };
  }

  #retryNow(): void {
    if (!this.#retry) return;
    clearTimeout(this.#retry.timer);
    this.#retry.join();
  }

  /** The same person with a fresh token. */
  async #renew(): Promise<void> {
    this.#retry = undefined;
    try {
      const { token, room } = await redeem(this.#options.invitation ?? "", this.#options.origin);
      if (this.#phase === "ended") return;
      if (room !== this.#options.room) return this.#finish("fault", "the invitation is to another room now");
      this.#token = token;
      this.#join();
    } catch (error) {
      const code = error instanceof LinkError ? error.code : "fault";
      const outcome = code === "server_gone" ? GONE : ({ then: "end", code } as const);
      if (this.#phase !== "ended") this.#lost({ outcome, detail: String(error) });
    }
  }

  #finish(code: EndCode, detail: string): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#end = { code, detail };
    clearTimeout(this.#retry?.timer);
    this.#retry = undefined;
    this.#stopWaking();
    this.#stopListening?.();
    this.#presence?.close();
    this.#presence = undefined;
    this.#changed();
  }

  /** However much changes in one task, the page hears of it once. */
  #changed(): void {
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      this.#updatePhase();
      this.#state = this.#compose();
      for (const listener of [...this.#listeners]) listener(this.#state);
    });
  }

  #updatePhase(): void {
    if (this.#phase === "ended") return;
    if (this.#presence?.live) {
      this.#phase = "live";
      this.#comeback.live();
    } else if (this.#phase === "live") {
      this.#phase = "reconnecting";
      this.#lostSince = performance.now();
      this.#comeback.lost(this.#lostSince);
    }
  }

  #compose(): SessionState {
    this.#roster = this.#presence?.roster ?? this.#roster;
    const ended = this.#phase === "ended";
    return {
      ...this.#trust(),
      phase: this.#phase,
      people: this.#roster && !ended ? peopleOf(this.#roster, this.#sight()) : [],
      locked: this.#roster?.locked ?? false,
      canRecord: (this.#roster?.records ?? false) && this.#options.identity.certificate !== undefined,
      recording: ended ? undefined : recordingOf(this.#presence?.agreement, this.#roster?.recording),
      ...(this.#end ? { end: this.#end } : {}),
      ...(this.#phase === "reconnecting" ? { reconnectingSince: this.#lostSince } : {}),
    };
  }

  #trust(): Omit<SessionState, "phase" | "people" | "locked" | "canRecord" | "recording"> {
    const agreement = this.#presence?.agreement;
    const notices = [...this.#notices];
    const isLasting = this.#options.identity.store.lasting;
    const links = this.#invitations?.all ?? [];
    if (!agreement) return { ...NOBODY, standing: this.#state.standing, notices, isLasting, links };
    const { standing, isHeld, isHostAuthenticated, people } = agreement;
    const outside = people.filter((person) => person.standing === "waiting" || person.standing === "refused");
    const waiting = outside
      .filter(({ role }) => role === "guest")
      .map((person) => ({ ...trustOf(person), name: person.name, declined: person.standing === "refused" }));
    const met = people.filter(({ role }) => role === "host");
    const hosts = met.map((person) => ({ ...trustOf(person), name: person.name }));
    return { standing, isHeld, isHostAuthenticated, hosts, waiting, links, notices, isLasting };
  }

  /** Between two stays the people stay in their places, without pictures. */
  #sight(): Parameters<typeof peopleOf>[1] {
    const presence = this.#presence?.roster ? this.#presence : undefined;
    const away = this.#phase === "reconnecting" ? "away" : "connecting";
    return {
      shown: presence?.shown() ?? new Map(),
      seal: (sender) => presence?.seal(sender) ?? "waiting",
      known: (sender) => presence?.known(sender),
      own: this.#own,
      ownCamera: this.#ownCamera,
      connection: this.#phase === "live" ? "live" : away,
    };
  }
}

/** One line of at most 64 characters, as the server takes it. */
function readable(name: string): string {
  const line = name.replace(/\p{Cc}+/gu, " ").trim();
  if (line === "") throw new RangeError("a name is needed");
  return [...line].slice(0, LONGEST_NAME).join("").trim();
}

const LONGEST_NAME = 64;
const MOST_NOTICES = 5;

/** Before there is an agreement. */
const NOBODY = {
  people: [],
  standing: "alone",
  isHeld: false,
  isHostAuthenticated: false,
  hosts: [],
  waiting: [],
  links: [],
  notices: [],
  isLasting: true,
  canRecord: false,
  recording: undefined,
} satisfies Omit<SessionState, "phase" | "locked">;

const GONE: Closing["outcome"] = { then: "rejoin", otherwise: "server_gone" };
const NO_STATISTICS: CallStatistics = {
  line: "unknown",
  sending: [],
  receiving: [],
  sealing: noCounts(),
  ignored: 0,
};

// Whether the media of the others can be opened with the secret of this link.
//
// Owns: that judgement, about each sender and about the own link. Never does: open anything.
//
// When two people hold different secrets, neither can open the other, and both see the same. Who is wrong? The link
// comes from a host, so a host's secret is the measure: a guest who can open nobody, a host among them, holds a
// damaged link and is told so (`wrong_secret`, the call ends for him). Everybody else stays, and sees him marked
// `wrong_key`. Guests among themselves stay too, until a host is there to tell by.

import { senders, type Roster } from "./roster.ts";
import type { SealState } from "./types.ts";

/** By sender index, for one connection. */
export class Seals {
  readonly #senders = new Map<number, Seal>();
  /** Somebody who may have left since, too: a link that once opened something is right. */
  #openedAny = false;

  /** A frame of this sender was authenticated: that settles it, whatever else comes under its name. */
  opened(sender: number): void {
    this.#openedAny = true;
    this.#senders.set(sender, { state: "open" });
  }

  /** Frames of this sender were not authentic, though there was a key. `now` in ms. Returns what it means. */
  rejected(sender: number, now: number): SealState {
    const seal = this.#senders.get(sender) ?? { state: "waiting", since: now };
    if (seal.state === "waiting" && now - seal.since >= WRONG_AFTER_MS) {
      this.#senders.set(sender, { state: "wrong_key" });
      return "wrong_key";
    }
    this.#senders.set(sender, seal);
    return seal.state;
  }

  forget(sender: number): void {
    this.#senders.delete(sender);
  }

  state(sender: number): SealState {
    return this.#senders.get(sender)?.state ?? "waiting";
  }

  /** The own link is the wrong one: see the head of this file. */
  ownSecretIsWrong(roster: Roster): boolean {
    const you = roster.members.find((member) => member.participant === roster.you);
    if (you?.standing !== "guest") return false;
    const hosts = senders(roster).filter(({ standing }) => standing === "host");
    return !this.#openedAny && hosts.some(({ key }) => key && this.state(key.sender) === "wrong_key");
  }
}

type Seal = { state: "waiting"; since: number } | { state: "open" | "wrong_key" };

/** Longer than a key takes that overtakes its roster entry, shorter than anybody wonders in silence. */
const WRONG_AFTER_MS = 2000;

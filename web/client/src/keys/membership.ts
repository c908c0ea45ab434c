// Who is let in: one entry a device, by what hosts said (SK-1.md, section 8).
//
// Owns: the merging of entries, and their hash. Never does: judge who may say so; read a clock.
//
// Merging is commutative, associative and idempotent: in which order statements come, which of them are lost and which
// come twice does not matter, as long as the last ones come.

import { concat, field, hex, isLess, u16, utf8, type Bytes } from "./encoding.ts";
import { MOST_ENTRIES, VERDICTS, type Entry, type Verdict } from "./messages.ts";
import { hash } from "./primitives.ts";

/** A call is for so many; every change costs n² messages. */
export const MOST_MEMBERS = 16;

/** The stay that a decision is about. */
export interface Named {
  deviceId: Bytes;
  hash: Bytes;
  sender: number;
}

export class Membership {
  /** By device id in hex. */
  readonly #entries = new Map<string, Entry>();

  /** Takes entries over; says whether anything changed. */
  merge(entries: readonly Entry[]): boolean {
    return entries.map((entry) => this.#mergeOne(entry)).some(Boolean);
  }

  /**
   * A host's own decision: newer than all that is known, and than `unixSeconds`, so that a host whose map was lost does
   * not begin below what others remember. Returns why not, if it can't be.
   */
  decide(
    { deviceId, hash: hello, sender }: Named,
    verdict: Verdict,
    unixSeconds: number,
  ): "index_taken" | "room_full" | undefined {
    const key = hex(deviceId);
    if (verdict === VERDICTS.admitted) {
      const others = this.admitted().filter((entry) => hex(entry.deviceId) !== key);
      if (others.some((entry) => entry.sender === sender)) return "index_taken";
      if (others.length >= MOST_MEMBERS) return "room_full";
    }
    if (!this.#entries.has(key) && this.#entries.size >= MOST_ENTRIES && !this.#makeRoom())
      return "room_full";
    this.#entries.set(key, {
      deviceId,
      hello,
      sender,
      verdict,
      clock: Math.max(this.#clock() + 1, unixSeconds),
    });
    return undefined;
  }

  of(deviceId: Bytes): Entry | undefined {
    return this.#entries.get(hex(deviceId));
  }

  /** All, ascending by device id. */
  all(): Entry[] {
    return [...this.#entries.values()].sort((one, other) => (isLess(one.deviceId, other.deviceId) ? -1 : 1));
  }

  admitted(): Entry[] {
    return this.all().filter(({ verdict }) => verdict === VERDICTS.admitted);
  }

  /** Equal for two who see the same people, with the same keys. */
  hash(room: string): Promise<Bytes> {
    const entries = this.admitted().map(({ deviceId, hello, sender }) =>
      concat(deviceId, hello, u16(sender)),
    );
    return hash("membership", field(utf8(room)), ...entries);
  }

  #mergeOne(entry: Entry): boolean {
    const key = hex(entry.deviceId);
    const known = this.#entries.get(key);
    if (known ? !isNewer(entry, known) : this.#entries.size >= MOST_ENTRIES && !this.#makeRoom())
      return false;
    this.#entries.set(key, entry);
    return true;
  }

  /** Whoever is away longest is forgotten. */
  #makeRoom(): boolean {
    const away = this.all().filter(({ verdict }) => verdict === VERDICTS.away);
    const [longest] = away.sort((one, other) => one.clock - other.clock);
    return longest !== undefined && this.#entries.delete(hex(longest.deviceId));
  }

  #clock(): number {
    return Math.max(0, ...[...this.#entries.values()].map(({ clock }) => clock));
  }
}

/** The greater clock; of equal ones the one that keeps out, then any order that all share. */
function isNewer(entry: Entry, known: Entry): boolean {
  const order = [
    entry.clock - known.clock,
    Number(entry.verdict !== VERDICTS.admitted) - Number(known.verdict !== VERDICTS.admitted),
    entry.verdict - known.verdict,
    Number(isLess(known.hello, entry.hello)) - Number(isLess(entry.hello, known.hello)),
    entry.sender - known.sender,
  ];
  return (order.find((difference) => difference !== 0) ?? 0) > 0;
}

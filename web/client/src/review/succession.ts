// In which order the frames of a recording come, and that none of them comes twice.
//
// Owns: what was seen of each key, and where. Never does: authenticate.
//
// A recording is read from wherever somebody seeks to, and some of it again. So what is remembered is the span that each
// cluster holds of a track: whatever is read in between has to fit between its neighbours. All tracks of a sender share
// one counter, and their frames do not stand in its order; those of one track do.

/** Where a cluster stands: files one after the other. */
export type Position = number;

export interface Sealed {
  /** Of the key. */
  order: number;
  counter: number;
}

interface Span {
  position: Position;
  first: Sealed;
  last: Sealed;
}

export function positionOf(file: number, offset: number): Position {
  return file * 2 ** 44 + offset;
}

export class Succession {
  /** By track, in the order of positions. */
  readonly #spans = new Map<number, Span[]>();
  /** What was read last, by track: it goes on from there, or begins anew at a cluster. */
  readonly #cursors = new Map<number, { position: Position; last: Sealed }>();
  readonly #tracks = new Map<number, Map<number, Uint8Array>>();

  /** What is read next was not reached by reading. */
  handleSeek(): void {
    this.#cursors.clear();
  }

  /** Whether this frame of a track may stand here. */
  handle(track: number, position: Position, sealed: Sealed): boolean {
    const cursor = this.#cursors.get(track);
    if (cursor && cursor.position === position && !isBefore(cursor.last, sealed)) return false;
    const spans = this.#spans.get(track) ?? [];
    this.#spans.set(track, spans);
    const at = placeOf(spans, position);
    const [before, after] = [spans[at - 1], spans[at]?.position === position ? spans[at + 1] : spans[at]];
    if (before && !isBefore(before.last, sealed)) return false;
    if (after && !isBefore(sealed, after.first)) return false;
    if (!this.#isOfTrack(track, sealed)) return false;
    this.#cursors.set(track, { position, last: sealed });
    const known = spans[at];
    if (known?.position !== position) spans.splice(at, 0, { position, first: sealed, last: sealed });
    else {
      if (isBefore(sealed, known.first)) known.first = sealed;
      if (isBefore(known.last, sealed)) known.last = sealed;
    }
    return true;
  }

  /** A counter that stood in another track of this sender does not stand in this one. */
  #isOfTrack(track: number, { order, counter }: Sealed): boolean {
    let pages = this.#tracks.get(order);
    if (!pages) this.#tracks.set(order, (pages = new Map()));
    const number = Math.floor(counter / PAGE);
    let page = pages.get(number);
    if (!page) pages.set(number, (page = new Uint8Array(PAGE)));
    const seen = page[counter % PAGE]!;
    page[counter % PAGE] = seen || track;
    return seen === 0 || seen === track;
  }
}

function isBefore(one: Sealed, other: Sealed): boolean {
  return one.order === other.order ? one.counter < other.counter : one.order < other.order;
}

/** Of the first span that does not stand before this position. */
function placeOf(spans: Span[], position: Position): number {
  let [from, to] = [0, spans.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (spans[middle]!.position < position) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Counters of a page: a byte each. */
const PAGE = 4096;

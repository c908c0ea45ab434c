// Whether somebody has put words on paper: some of them are asked for.
//
// Owns: which. Never does: show a word.

/** Different numbers below `count`, in order. */
export function someOf(count: number, wanted: number): number[] {
  const drawn = Array.from({ length: count }, (_, number) => ({
    number,
    lot: crypto.getRandomValues(new Uint32Array(1))[0]!,
  }));
  const first = drawn.sort((one, other) => one.lot - other.lot).slice(0, wanted);
  return first.map(({ number }) => number).sort((one, other) => one - other);
}

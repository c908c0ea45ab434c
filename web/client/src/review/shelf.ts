// Where the clusters of a recording's files are.
//
// Owns: the index, by the journal, with which the files have to agree. Never does: believe it further than to where
// reading begins; what stands there has to fit.

import { hex } from "../keys/encoding.ts";
import { ReviewFault } from "./fault.ts";
import type { Manifest } from "./manifest.ts";
import { JOURNAL, readJournal, type JournalFile } from "./journal.ts";
import { findCues, hasTracks, MatroskaReader, segmentOffset, type Cue } from "./matroska.ts";
import type { CaptureFile } from "./opener.ts";
import type { Source } from "./source.ts";

export interface ShelfFile extends CaptureFile {
  size: number;
  /** All but the last one ended with their disk. */
  mayBeCut: boolean;
  /** Ascending. */
  clusters: Cue[];
}

export class Shelf {
  readonly #files: readonly ShelfFile[];

  private constructor(files: ShelfFile[]) {
    this.#files = files;
  }

  /** Throws `ReviewFault`. */
  static async open(source: Source, names: readonly string[], manifest: Manifest): Promise<Shelf> {
    const files: ShelfFile[] = [];
    for (const [at, name] of names.entries())
      files.push(await openFile(source, manifest, { name, mayBeCut: at < names.length - 1 }));
    files.sort((one, other) => one.number - other.number);
    compare(files, readJournal(await source.bytes(JOURNAL)));
    return new Shelf(files);
  }

  /** Where to begin so that at `ms` something is there; nothing in a recording of nothing. */
  placeOf(ms: number): { file: ShelfFile; offset: number } | undefined {
    const known = this.#files.flatMap((file) => file.clusters.map((cue) => ({ file, ...cue })));
    return known.findLast((place) => place.ms <= ms) ?? known[0];
  }

  /** The beginning of the next file. */
  after(file: ShelfFile): { file: ShelfFile; offset: number } | undefined {
    const later = this.#files.filter(({ number, clusters }) => number > file.number && clusters.length > 0);
    return later[0] && { file: later[0], offset: later[0].clusters[0]!.offset };
  }

  /** One was found by reading. Throws `ReviewFault`. */
  handleCluster({ name, clusters }: ShelfFile, { ms, offset }: Cue): void {
    if (!clusters.some((one) => one.ms === ms && one.offset === offset))
      throw new ReviewFault("damaged", "a cluster that the journal does not know", {
        file: name,
        offset,
        ms,
      });
  }
}

/** What is there with what has to be: whatever was taken out, put in or swapped as a whole is not as long, or begins elsewhere. */
function compare(files: readonly ShelfFile[], journal: readonly JournalFile[]): void {
  for (const { number, length } of journal)
    if (length > 0 && !files.some((file) => file.number === number))
      throw new ReviewFault("damaged", `file ${number} is missing`, { file: JOURNAL });
  for (const file of files) {
    const told = journal.find(({ number }) => number === file.number);
    if (!told || told.length !== file.size)
      throw new ReviewFault("damaged", `it has to have ${told?.length ?? 0} bytes`, {
        file: file.name,
        offset: Math.min(told?.length ?? 0, file.size),
      });
    const isTold = ({ ms, offset }: Cue) =>
      told.clusters.some((one) => one.ms === ms && one.offset === offset);
    const strange = file.clusters.find((cluster) => !isTold(cluster));
    if (strange)
      throw new ReviewFault("damaged", "a cluster that the journal does not know", {
        file: file.name,
        ...strange,
      });
    // where it does not say so itself
    file.clusters = told.clusters;
  }
}

async function openFile(
  source: Source,
  manifest: Manifest,
  { name, mayBeCut }: Pick<ShelfFile, "name" | "mayBeCut">,
): Promise<ShelfFile> {
  const [, digits] = /^capture-(\d{3,5})\.mkv$/.exec(name) ?? [];
  if (digits === undefined) throw new ReviewFault("damaged", "no name of a file", { file: name });
  const { bytes, size } = await source.read(name, 0, HEAD_BYTES);
  const file: ShelfFile = { number: Number(digits), name, size, mayBeCut, clusters: [] };
  const reader = new MatroskaReader({ file: name, mayBeCut });
  reader.push(bytes);
  if (bytes.length === size) reader.end();
  for (let part = reader.next(); part && part.kind !== "block"; part = reader.next()) {
    if (part.kind === "cluster") file.clusters.push({ ms: part.ms, offset: part.offset });
    else if (!part.uuid || hex(part.uuid) !== manifest.id)
      throw new ReviewFault("foreign", "a file of another recording", { file: name });
    else if (
      !hasTracks(
        part.tracks,
        manifest.tracks.map(({ codec }) => codec),
      )
    )
      throw new ReviewFault("damaged", "a file of other tracks", { file: name });
  }
  const segment = segmentOffset(bytes);
  if (mayBeCut || segment === undefined) return file;
  const from = Math.max(0, size - TAIL_BYTES);
  const tail = await source.read(name, from, size - from);
  const cues = findCues(tail.bytes, from, segment);
  // an index that leaves out the beginning is none: it is read from there then, and found to be damaged where it is
  const isWhole = cues?.[0]?.offset === file.clusters[0]?.offset;
  return { ...file, clusters: cues && isWhole ? cues : file.clusters };
}

/** Of as many tracks as there may be. */
const HEAD_BYTES = 128 * 1024;
/** Of some hours: a cluster takes 20 bytes of it, and lasts half a second at least. */
const TAIL_BYTES = 1024 * 1024;

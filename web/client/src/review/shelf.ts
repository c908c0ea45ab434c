// Where the clusters of a recording's files are.
//
// Owns: the index, of the last file by its cues, of others as far as they were read. Never does: believe it further than
// to where reading begins; what stands there has to fit.

import { hex } from "../keys/encoding.ts";
import { ReviewFault } from "./fault.ts";
import type { Manifest } from "./manifest.ts";
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
    return new Shelf(files.sort((one, other) => one.number - other.number));
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

  /** One was found by reading. */
  handleCluster({ clusters }: ShelfFile, { ms, offset }: Cue): void {
    if (offset > (clusters.at(-1)?.offset ?? -1)) clusters.push({ ms, offset });
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

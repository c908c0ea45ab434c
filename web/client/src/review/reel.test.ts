// A recording is read from wherever somebody looks at it, no further ahead than is of use, and every frame of it arrives
// at the source buffer of its track as it was before it was sealed.

import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { hex, utf8, type Bytes } from "../keys/encoding.ts";
import { concat } from "../sealing/bytes.ts";
import { writeJournal } from "./journal.testkit.ts";
import { MatroskaReader, type Block } from "./matroska.ts";
import type { FromReviewWorker } from "./messages.ts";
import { BEGUN, fakeFrames, makeRecording, writeCapture, type Made } from "./recording.testkit.ts";
import { Reel } from "./reel.ts";

const ALL = [1, 2, 3, 4];

let long: Made;

beforeAll(async () => {
  long = await makeRecording({ seconds: 75 });
});

afterEach(() => vi.unstubAllGlobals());

/** A server of these files, and a reel that reads from it. */
class Desk {
  readonly said: FromReviewWorker[] = [];
  readonly asked: string[] = [];
  readonly files: Record<string, Bytes>;
  takes = "first";
  readonly reel = new Reel(
    (message) => this.said.push(message),
    (error) => {
      throw error;
    },
  );
  #round = 0;

  constructor(
    readonly made: Made,
    files: Record<string, Bytes> = made.files(),
  ) {
    this.files = files;
    vi.stubGlobal("fetch", (url: string, { headers }: RequestInit) =>
      Promise.resolve(this.#answer(url, headers as Record<string, string>)),
    );
  }

  async open(holder = this.made.host.device): Promise<void> {
    const files = Object.keys(this.files).filter((name) => name.endsWith(".mkv"));
    const { room, id } = this.made;
    this.reel.handle({ type: "open", address: "https://x/api", token: "first", room, id, files, holder });
    await this.until((message) => message.type === "opened" || message.type === "fault");
  }

  seek(ms: number, tracks = ALL): void {
    this.said.length = 0;
    this.reel.handle({ type: "seek", round: ++this.#round, ms, tracks });
  }

  async until(is: (message: FromReviewWorker) => boolean): Promise<FromReviewWorker> {
    await vi.waitFor(() => expect(this.said.some(is)).toBe(true), { timeout: 20_000 });
    return this.said.find(is)!;
  }

  /** Until it says nothing more. */
  async rest(): Promise<void> {
    for (let count = -1; count !== this.said.length;) {
      count = this.said.length;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  blocks(track: number): Block[] {
    const media = this.said.filter((message) => message.type === "media" && message.track === track);
    const reader = new MatroskaReader({ file: "played", mayBeCut: true });
    reader.push(concat(...media.map((message) => new Uint8Array((message as { bytes: ArrayBuffer }).bytes))));
    const blocks: Block[] = [];
    for (let part = reader.next(); part; part = reader.next()) if (part.kind === "block") blocks.push(part);
    return blocks;
  }

  #answer(url: string, headers: Record<string, string>): Response {
    const name = url.split("/").at(-1)!;
    this.asked.push(`${name} ${headers["range"] ?? ""}`);
    if (headers["authorization"] !== `Bearer ${this.takes}`) return new Response(null, { status: 401 });
    const file = this.files[name];
    if (!file) return new Response(null, { status: 410 });
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(headers["range"] ?? "") ?? [];
    if (from === undefined) return new Response(file);
    const part = file.slice(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`;
    return new Response(part, { status: 206, headers: { "content-range": range } });
  }
}

function clearOf(made: Made, track: number, fromMs: number, toMs: number) {
  return made.clear
    .filter((frame) => frame.track === track && frame.ms >= fromMs && frame.ms <= toMs)
    .map(({ ms, frame }) => `${ms} ${hex(frame)}`);
}

function shown(blocks: Block[]): string[] {
  return blocks.map(({ ms, bytes }) => `${ms} ${hex(bytes)}`);
}

describe("a reel", () => {
  it("gives every frame of every track to the end", async () => {
    const made = await makeRecording();
    const desk = new Desk(made);
    await desk.open();
    desk.seek(0);
    const end = await desk.until(({ type }) => type === "end");
    expect(end).toMatchObject({ ms: 11_980 });
    for (const track of ALL) expect(shown(desk.blocks(track))).toEqual(clearOf(made, track, 0, 12_000));
  });

  it("says once of each track that something of it is there, before it gives any, and nothing of an empty one", async () => {
    const desk = new Desk(await makeRecording());
    await desk.open();
    desk.seek(0, [1]);
    await desk.until(({ type }) => type === "end");
    const found = desk.said.flatMap((message) => (message.type === "found" ? [message.track] : []));
    expect(found.toSorted()).toEqual(ALL);
  });

  it("says so before it gives any, also of a sound that begins later", async () => {
    const frames = fakeFrames(12).filter(({ track, ms }) => track !== 3 || ms >= 6000);
    const desk = new Desk(await makeRecording({ frames }));
    await desk.open();
    desk.seek(0);
    await desk.until(({ type }) => type === "end");
    for (const track of ALL) {
      const at = (wanted: string) =>
        desk.said.findIndex(
          (message) => message.type === wanted && "track" in message && message.track === track,
        );
      expect(at("found"), `track ${track}`).toBeGreaterThanOrEqual(0);
      expect(at("found"), `track ${track}`).toBeLessThan(at("media"));
    }
  });

  it("says who is who, and what was agreed", async () => {
    const desk = new Desk(long);
    await desk.open();
    const { reviewed } = desk.said[0] as Extract<FromReviewWorker, { type: "opened" }>;
    expect(reviewed.people).toEqual([
      { name: "Ines Duarte", isYou: true },
      { name: "Omar Haddad", isYou: false },
    ]);
    expect(reviewed.tracks.map(({ person, kind }) => [person, kind])).toEqual([
      [0, "sound"],
      [0, "picture"],
      [1, "sound"],
      [1, "picture"],
      [1, "picture"],
    ]);
    expect(reviewed.agreement.answers.length).toBe(2);
    expect(reviewed.agreement.until).toBe(BEGUN - 5000 + 14 * 86_400_000);
    expect(reviewed.agreement.openers).toEqual([
      { role: "therapist", name: "Ines Duarte" },
      { role: "clinic", name: "" },
    ]);
  });

  it("reads half a minute ahead, and on when that is shown", async () => {
    const desk = new Desk(long);
    await desk.open();
    desk.seek(0);
    await desk.rest();
    const last = (track: number) => desk.blocks(track).at(-1)!.ms;
    expect(last(2)).toBeGreaterThan(29_000);
    expect(last(2)).toBeLessThan(30_100);
    desk.reel.handle({ type: "head", ms: 12_000 });
    await desk.rest();
    expect(last(2)).toBeGreaterThan(41_000);
    expect(last(1)).toBeLessThan(42_100);
  });

  it("goes to where somebody seeks, by the index, and back", async () => {
    const desk = new Desk(long);
    await desk.open();
    desk.seek(60_000);
    await desk.until(({ type }) => type === "end");
    // asked for no beginning: the files beside it, the head and the tail are known
    for (const track of [2, 4]) {
      const blocks = desk.blocks(track);
      expect(blocks[0]!.isKey).toBe(true);
      expect(blocks[0]!.ms).toBeLessThanOrEqual(60_000);
      expect(blocks[0]!.ms).toBeGreaterThan(52_000);
      expect(shown(blocks)).toEqual(clearOf(long, track, blocks[0]!.ms, 75_000));
    }
    desk.seek(5_000);
    desk.seek(20_000);
    await desk.rest();
    expect(desk.said.every((message) => !("round" in message) || message.round === 3)).toBe(true);
    expect(desk.said.some(({ type }) => type === "fault")).toBe(false);
    expect(desk.blocks(1)[0]!.ms).toBeGreaterThan(12_000);
  });

  it("opens no picture where sound is enough", async () => {
    const desk = new Desk(long);
    await desk.open();
    desk.seek(0, [1, 3]);
    await desk.rest();
    expect(desk.blocks(2)).toEqual([]);
    expect(desk.blocks(3).length).toBeGreaterThan(1000);
  });

  it("makes silence of what is missing of one, and leaps over what is missing of all", async () => {
    const frames = fakeFrames(20).filter(
      ({ track, ms }) => (ms < 8000 || ms >= 14_000) && (track !== 3 || ms < 2000 || ms >= 4000),
    );
    const desk = new Desk(await makeRecording({ frames }));
    await desk.open();
    desk.seek(0);
    await desk.until(({ type }) => type === "end");
    expect(desk.said.filter(({ type }) => type === "gap")).toEqual([
      { type: "gap", round: 1, from: 7980, to: 14_000 },
    ]);
    const times = desk.blocks(3).map(({ ms }) => ms);
    const expected = Array.from({ length: 1000 }, (_, at) => at * 20).filter(
      (ms) => ms < 7980 || ms >= 14_000,
    );
    expect(times.filter((ms) => ms !== 7980)).toEqual(expected);
    const silent = desk.blocks(3).filter(({ bytes }) => bytes.length === 3);
    expect(silent.length).toBe(100);
  });

  it("plays up to where something was changed, and says where that is", async () => {
    const made = await makeRecording();
    const capture = made.capture.slice();
    capture[made.clusters[6]!.offset + 60]! ^= 1;
    const desk = new Desk(made, { ...made.files(), "capture-000.mkv": capture });
    await desk.open();
    desk.seek(0);
    const fault = await desk.until(({ type }) => type === "fault");
    expect(fault).toMatchObject({ code: "damaged", place: { ms: made.clusters[6]!.ms } });
    expect(desk.blocks(1).at(-1)!.ms).toBeGreaterThan(made.clusters[6]!.ms - 200);
    expect(desk.blocks(2).length).toBeGreaterThan(20);
  });

  it("reads a file whose disk failed to its torn end, and goes on with the next one", async () => {
    const made = await makeRecording({ frames: fakeFrames(9) });
    const { capture, clusters } = made;
    const at = clusters[4]!.offset;
    // the blocks of the later clusters, in a file of their own
    const header = capture.subarray(0, clusters[0]!.offset);
    const later = capture.subarray(at, made.cuesAt);
    const index = writeCapture(utf8(made.id).slice(0, 16), [], []).capture.slice(-5);
    const second = concat(header, later, index);
    const moved = clusters.slice(4).map(({ ms, offset }) => ({ ms, offset: offset - at + header.length }));
    const files = {
      ...made.files(),
      "journal.log": writeJournal([
        { number: 0, length: at - 9, clusters: clusters.slice(0, 4) },
        { number: 1, length: second.length, clusters: moved },
      ]),
      "capture-000.mkv": capture.slice(0, at - 9),
      "capture-001.mkv": second,
    };
    const desk = new Desk(made, files);
    await desk.open();
    desk.seek(0);
    await desk.until(({ type }) => type === "end" || type === "fault");
    expect(desk.said.at(-1)).toMatchObject({ type: "end", ms: 8980 });
    const lost = shown(desk.blocks(4)).length - clearOf(made, 4, 0, 9000).length;
    expect(Math.abs(lost)).toBeLessThanOrEqual(1);
    desk.seek(8000, [1]);
    await desk.until(({ type }) => type === "end");
    expect(desk.blocks(1)[0]!.ms).toBeLessThan(8000);
  });

  it("that is cut off, or has lost a part, or has another journal, is damaged before anything is played", async () => {
    const made = await makeRecording();
    const { capture, clusters, cuesAt } = made;
    const faultOf = async (files: Record<string, Bytes>) => {
      const desk = new Desk(made, { ...made.files(), ...files });
      await desk.open();
      return desk.said.at(-1);
    };
    const cut = await faultOf({ "capture-000.mkv": capture.slice(0, cuesAt) });
    expect(cut).toMatchObject({ type: "fault", code: "damaged", place: { offset: cuesAt } });
    const [from, to] = [clusters[3]!.offset, clusters[4]!.offset];
    const without = concat(capture.subarray(0, from), capture.subarray(to));
    const lost = await faultOf({ "capture-000.mkv": without });
    expect(lost).toMatchObject({ code: "damaged", place: { file: "capture-000.mkv" } });
    const other = (await makeRecording({ frames: fakeFrames(9) })).files()["journal.log"]!;
    expect(await faultOf({ "journal.log": other })).toMatchObject({ code: "damaged" });
    // as long as it has to be, and begun elsewhere
    const moved = clusters.map(({ ms, offset }, at) => ({ ms, offset: offset + (at === 2 ? 1 : 0) }));
    const strange = writeJournal([{ number: 0, length: capture.length, clusters: moved }]);
    expect(await faultOf({ "journal.log": strange })).toMatchObject({ code: "damaged" });
    const both = [0, 1].map((number) => ({ number, length: capture.length, clusters }));
    const missing = await faultOf({ "journal.log": writeJournal(both) });
    expect(missing).toMatchObject({ code: "damaged", place: { file: "journal.log" } });
  });

  it("says what is wrong before anything is played", async () => {
    const made = await makeRecording({ frames: fakeFrames(1) });
    const codeOf = async (files: Record<string, Bytes | undefined>, device = made.host.device) => {
      const desk = new Desk(made, { ...made.files(), ...files } as Record<string, Bytes>);
      await desk.open(device);
      return desk.said[0];
    };
    expect(await codeOf({}, made.guest.device)).toMatchObject({ type: "fault", code: "not_yours" });
    const { "keys.jsonl": keys, ...others } = made.files();
    expect(keys).toBeDefined();
    const shredded = new Desk(made, others);
    await shredded.open();
    expect(shredded.said[0]).toMatchObject({ type: "fault", code: "shredded" });
    const foreign = (await makeRecording({ frames: fakeFrames(1) })).capture;
    expect(await codeOf({ "capture-000.mkv": foreign })).toMatchObject({ type: "fault", code: "foreign" });
  });

  it("asks for another ticket when the first one is over, and gives up without", async () => {
    const desk = new Desk(long);
    await desk.open();
    desk.takes = "second";
    desk.seek(30_000);
    await desk.until(({ type }) => type === "stale");
    desk.reel.handle({ type: "token", token: "second" });
    await desk.until(({ type }) => type === "media");
    desk.takes = "third";
    desk.reel.handle({ type: "head", ms: 60_000 });
    desk.seek(0);
    await desk.until(({ type }) => type === "stale");
    desk.reel.handle({ type: "token", token: undefined });
    expect(await desk.until(({ type }) => type === "fault")).toMatchObject({ code: "refused" });
  });
});

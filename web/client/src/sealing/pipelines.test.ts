import { expect, test, vi } from "vitest";

import { senderKid, type SenderKey } from "./keys.ts";
import type { FromWorker, SealingCounts, TransformOptions } from "./messages.ts";
import { Pipelines, type EncodedFrame } from "./pipelines.ts";

test("what one side seals, the other opens, and the page hears whose it is", async () => {
  const [near, far] = [worker(), worker()];
  await near.give("send_key", 7);
  await far.give("receive_key", 7);
  const sender = near.attach({ direction: "send", id: 1 });
  const [pictures, sounds] = [2, 3].map((id) => far.attach({ direction: "receive", id }));
  await sounds!.skip(frameOf("audio/opus", new Uint8Array(0)));
  for (const [receiver, frame] of [
    [pictures!, vp8(0x50, 40)],
    [pictures!, vp8(0x51, 40)],
    [sounds!, opus(60)],
  ] as const) {
    const clear = new Uint8Array(frame.data).slice();
    const sealed = await sender.pass(frame);
    expect(sealed!.data.byteLength).toBeGreaterThan(clear.length + 16);
    const opened = await receiver.pass(sealed!);
    expect([...new Uint8Array(opened!.data)]).toEqual([...clear]);
  }
  expect(far.told.filter(({ type }) => type === "opened")).toEqual([
    { type: "opened", id: 2, sender: 7 },
    { type: "opened", id: 3, sender: 7 },
  ]);
  expect(near.report()).toMatchObject({ counts: { sealed: 3, dropped: 0 }, sealed: [[1, 3]] });
  expect(far.report()).toMatchObject({ counts: { opened: 3, rejected: 0, replayed: 0 } });
});

test("without a key, empty, of an unknown codec or too long: nothing is passed on", async () => {
  const near = worker();
  const sender = near.attach({ direction: "send", id: 1 });
  expect(await sender.pass(opus(60))).toBeUndefined();
  await near.give("send_key", 7);
  expect(await sender.pass(frameOf("audio/opus", new Uint8Array(0)))).toBeUndefined();
  expect(await sender.pass(frameOf("video/VP9", new Uint8Array(0)))).toBeUndefined();
  expect(await sender.pass(frameOf("video/AV1", new Uint8Array(0)))).toBeUndefined();
  expect(await sender.pass(frameOf(undefined, new Uint8Array(50)))).toBeUndefined();
  expect(await sender.pass(opus(1600))).toBeUndefined();
  expect(await sender.pass(opus(60))).toBeDefined();
  expect(near.report()).toMatchObject({ counts: { sealed: 1, dropped: 6 } });
});

test("a browser that names no codec is told of once, after 25 frames with a key", async () => {
  const near = worker();
  const sender = near.attach({ direction: "send", id: 1 });
  const nameless = () => frameOf(undefined, new Uint8Array(50));
  const told = () => near.told.filter(({ type }) => type === "no_codec");
  for (let frame = 0; frame < 30; frame += 1) await sender.pass(nameless());
  await near.give("send_key", 7);
  for (let frame = 0; frame < 24; frame += 1) await sender.pass(nameless());
  await sender.pass(frameOf(undefined, new Uint8Array(0)));
  expect(told()).toEqual([]);
  for (let frame = 0; frame < 30; frame += 1) await sender.pass(nameless());
  expect(told()).toEqual([{ type: "no_codec", direction: "send", frames: 25 }]);
});

test("the same in the other direction, where one frame that names its codec settles it", async () => {
  for (const [named, expected] of [
    [0, [{ type: "no_codec", direction: "receive", frames: 25 }]],
    [1, []],
  ] as const) {
    const far = worker();
    const receiver = far.attach({ direction: "receive", id: 2 });
    for (let frame = 0; frame < named; frame += 1) await receiver.pass(opus(60));
    for (let frame = 0; frame < 40; frame += 1) await receiver.pass(frameOf(undefined, new Uint8Array(50)));
    expect(far.told.filter(({ type }) => type === "no_codec")).toEqual(expected);
  }
});

test("clear, unknown, forged and repeated frames are not passed on, and each is called by its name", async () => {
  const [near, far] = [worker(), worker()];
  await near.give("send_key", 7);
  const sender = near.attach({ direction: "send", id: 1 });
  const receiver = far.attach({ direction: "receive", id: 2 });
  const sealed = (await sender.pass(opus(60)))!;
  const forged = copyOf(sealed);
  new Uint8Array(forged.data)[0]! ^= 1;

  expect(await receiver.pass(opus(60))).toBeUndefined();
  expect(await receiver.pass(copyOf(sealed))).toBeUndefined();
  await far.give("receive_key", 7);
  expect(await receiver.pass(forged), "the clear byte is authenticated").toBeUndefined();
  expect(await receiver.pass(copyOf(sealed))).toBeDefined();
  expect(await receiver.pass(copyOf(sealed))).toBeUndefined();

  const kid = senderKid(7);
  expect(far.told.filter(({ type }) => type === "rejected")).toEqual([
    { type: "rejected", id: 2, reason: "clear", count: 1 },
    { type: "rejected", id: 2, reason: "no_key", kid, count: 1 },
    { type: "rejected", id: 2, reason: "unauthenticated", kid, count: 1 },
  ]);
  expect(far.report()).toMatchObject({ counts: { opened: 1, rejected: 3, replayed: 1 } });
});

test("a frame is asked for its codec at the first, at key frames, and after one that did not open", async () => {
  const [near, far] = [worker(), worker()];
  await near.give("send_key", 7);
  await far.give("receive_key", 7);
  const sender = near.attach({ direction: "send", id: 1 });
  const receiver = far.attach({ direction: "receive", id: 2 });
  const asked = async (frame: EncodedFrame, type: string, forge = false) => {
    const sealed = (await sender.pass(frame))!;
    const getMetadata = vi.fn(() => frame.getMetadata());
    if (forge) new Uint8Array(sealed.data)[sealed.data.byteLength - 1]! ^= 1;
    const opened = await receiver.pass({ data: sealed.data, type, getMetadata });
    expect(opened === undefined).toBe(forge);
    return getMetadata.mock.calls.length;
  };
  const [key, delta] = [() => vp8(0x50, 40), () => vp8(0x51, 40)];
  expect(await asked(key(), "key")).toBe(1);
  expect(await asked(delta(), "delta")).toBe(0);
  expect(await asked(key(), "key")).toBe(1);
  const vp9 = () => frameOf("video/VP9", new Uint8Array(40).fill(3));
  expect(await asked(vp9(), "key")).toBe(1);
  expect(await asked(vp9(), "delta")).toBe(0);
  expect(await asked(vp9(), "delta", true)).toBe(0);
  expect(await asked(delta(), "delta")).toBe(1);
});

test("a key given twice repeats no counter and forgets no frame", async () => {
  const [near, far] = [worker(), worker()];
  const sender = near.attach({ direction: "send", id: 1 });
  const receiver = far.attach({ direction: "receive", id: 2 });
  const headers: string[] = [];
  let first: EncodedFrame | undefined;
  // away to another key and back, as a reconnect may do
  for (const index of [7, 8, 7]) {
    await near.give("send_key", index);
    await far.give("receive_key", index);
    const sealed = (await sender.pass(opus(60)))!;
    first ??= copyOf(sealed);
    headers.push(new Uint8Array(sealed.data).slice(1, 6).join());
    expect(await receiver.pass(sealed)).toBeDefined();
  }
  expect(new Set(headers).size).toBe(3);
  expect(await receiver.pass(first!), "a repeated frame").toBeUndefined();
});

test("the page hears of each sender who comes onto a receiver, and once of each", async () => {
  const [one, other, far] = [worker(), worker(), worker()];
  await far.give("receive_key", 7, 8);
  await one.give("send_key", 7);
  await other.give("send_key", 8);
  const receiver = far.attach({ direction: "receive", id: 2 });
  const [seven, eight] = [one, other].map((near) => near.attach({ direction: "send", id: 1 }));
  for (const sender of [seven, seven, eight, eight, seven])
    await receiver.pass((await sender!.pass(opus(60)))!);
  const opened = far.told.filter((message) => message.type === "opened");
  expect(opened.map(({ sender }) => sender)).toEqual([7, 8, 7]);
});

test("the page hears again of the same sender when it asks", async () => {
  const [near, far] = [worker(), worker()];
  await near.give("send_key", 7);
  await far.give("receive_key", 7);
  const sender = near.attach({ direction: "send", id: 1 });
  const receiver = far.attach({ direction: "receive", id: 2 });
  const opened = () => far.told.filter(({ type }) => type === "opened").length;
  await receiver.pass((await sender.pass(opus(60)))!);
  far.retell(2);
  expect(opened()).toBe(1);
  await receiver.pass((await sender.pass(opus(60)))!);
  await receiver.pass((await sender.pass(opus(60)))!);
  expect(opened()).toBe(2);
});

test("a sender that is dropped is in no report any more", async () => {
  const near = worker();
  await near.give("send_key", 7);
  const sender = near.attach({ direction: "send", id: 1 });
  near.attach({ direction: "send", id: 2 });
  await sender.pass(opus(60));
  near.drop(1);
  expect(near.report().sealed).toEqual([[2, 0]]);
});

test("rejections are told at once, then counted and told once a second", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const far = worker();
  const receiver = far.attach({ direction: "receive", id: 2 });
  for (let frame = 0; frame < 5; frame += 1) await receiver.pass(opus(60));
  vi.advanceTimersByTime(1000);
  await receiver.pass(opus(60));
  vi.useRealTimers();
  const told = far.told.filter((message) => message.type === "rejected");
  expect(told.map(({ reason, count }) => [reason, count])).toEqual([
    ["clear", 1],
    ["clear", 5],
  ]);
});

test("a sender who is forgotten can't be opened any more, and another still can", async () => {
  const [one, other, far] = [worker(), worker(), worker()];
  const receiver = far.attach({ direction: "receive", id: 2 });
  await far.give("receive_key", 7, 8);
  await one.give("send_key", 7);
  await other.give("send_key", 8);
  far.forget(7);
  await far.give("receive_key", 9); // what came before it is done then
  expect(
    await receiver.pass((await one.attach({ direction: "send", id: 1 }).pass(opus(60)))!),
  ).toBeUndefined();
  expect(
    await receiver.pass((await other.attach({ direction: "send", id: 1 }).pass(opus(60)))!),
  ).toBeDefined();
});

test("a sender who is forgotten and comes again repeats no frame", async () => {
  const [near, far] = [worker(), worker()];
  const sender = near.attach({ direction: "send", id: 1 });
  const receiver = far.attach({ direction: "receive", id: 2 });
  await near.give("send_key", 7);
  await far.give("receive_key", 7);
  const sealed = (await sender.pass(opus(60)))!;
  const copy = copyOf(sealed);
  expect(await receiver.pass(sealed)).toBeDefined();
  far.forget(7);
  await far.give("receive_key", 7);
  expect(await receiver.pass(copy)).toBeUndefined();
  expect(far.report()).toMatchObject({ counts: { opened: 1, replayed: 1 } });
});

test("a key that comes late makes its receiver ask for a key frame, once a second at most", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const [near, far] = [worker(), worker()];
  await near.give("send_key", 7);
  const sender = near.attach({ direction: "send", id: 1 });
  const receiver = far.attach({ direction: "receive", id: 2 });
  const late = async () => {
    far.forget(7);
    await far.give("receive_key", 8); // what came before it is done then
    await receiver.pass((await sender.pass(vp8(0x51, 40)))!);
    await far.give("receive_key", 7);
  };
  await late();
  await late();
  expect(receiver.requests).toBe(1);
  vi.advanceTimersByTime(1000);
  await late();
  expect(receiver.requests).toBe(2);
  vi.useRealTimers();
});

/** A sealing worker with nothing of a browser around it. */
function worker() {
  const told: FromWorker[] = [];
  const pipelines = new Pipelines(
    (message) => told.push(message),
    (error) => told.push(error as never),
  );
  return {
    told,
    /** Gives keys as the page does, and waits until the last one is imported: the worker clears its copy then. */
    async give(type: "send_key" | "receive_key", ...indices: number[]): Promise<void> {
      for (const index of indices) {
        const { kid, baseKey } = await keyOf(index);
        pipelines.handle({ type, kid, baseKey });
        await vi.waitUntil(() => baseKey.every((byte) => byte === 0), { interval: 1 });
      }
    },
    drop: (id: number) => pipelines.handle({ type: "drop", id }),
    retell: (id: number) => pipelines.handle({ type: "retell", id }),
    forget: (sender: number) => pipelines.handle({ type: "forget", sender }),
    attach: (options: TransformOptions) => attach(pipelines, options, () => report(pipelines, told)),
    report: () => report(pipelines, told),
  };
}

function attach(pipelines: Pipelines, options: TransformOptions, look: () => Report) {
  const [input, output] = [new TransformStream<EncodedFrame>(), new TransformStream<EncodedFrame>()];
  const [writer, reader] = [input.writable.getWriter(), output.readable.getReader()];
  const state = { requests: 0 };
  const sendKeyFrameRequest = async () => void (state.requests += 1);
  pipelines.attach({ readable: input.readable, writable: output.writable, options, sendKeyFrameRequest });
  return {
    get requests() {
      return state.requests;
    },
    /** A frame of which nothing is to be heard: what is passed after it comes out. */
    skip: (frame: EncodedFrame) => writer.write(frame),
    /** What comes out for this frame; nothing if it was counted among those that go no further. */
    async pass(frame: EncodedFrame): Promise<EncodedFrame | undefined> {
      const before = look().counts;
      void writer.write(frame);
      await vi.waitUntil(() => handled(look().counts) > handled(before), { interval: 1 });
      return passed(look().counts) > passed(before) ? (await reader.read()).value : undefined;
    },
  };
}

type Report = Extract<FromWorker, { type: "report" }>;

function report(pipelines: Pipelines, told: FromWorker[]): Report {
  pipelines.handle({ type: "report", round: 1 });
  return told.pop() as Report;
}

function passed({ sealed, opened }: SealingCounts): number {
  return sealed + opened;
}

function handled(counts: SealingCounts): number {
  return passed(counts) + counts.dropped + counts.rejected + counts.replayed;
}

function frameOf(mimeType: string | undefined, data: Uint8Array): EncodedFrame {
  const metadata = mimeType === undefined ? {} : { mimeType };
  return { data: new Uint8Array(data).buffer, getMetadata: () => metadata };
}

function copyOf(frame: EncodedFrame): EncodedFrame {
  return frameOf(frame.getMetadata().mimeType, new Uint8Array(frame.data));
}

function vp8(first: number, length: number): EncodedFrame {
  return frameOf(
    "video/VP8",
    Uint8Array.from({ length }, (_, index) => (index === 0 ? first : index)),
  );
}

function opus(length: number): EncodedFrame {
  return frameOf("audio/opus", new Uint8Array(length).fill(0x55));
}

function keyOf(index: number): SenderKey {
  return { kid: senderKid(index), baseKey: new Uint8Array(32).fill(index) };
}

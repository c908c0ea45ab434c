// What the sealing worker has in its hands before it seals: put in front of the worker's own script.
//
// Owns: telling the page of frames and keys. Never does: change one.

const told = new BroadcastChannel('needles');

/** Of each transformer that sends. */
const FRAMES_TOLD = 4000;

addEventListener('message', ({ data }) => {
  if (data?.baseKey) told.postMessage({ kind: 'key', bytes: new Uint8Array(data.baseKey) });
});

// the worker hangs its own handler there
Object.defineProperty(globalThis, 'onrtctransform', {
  set: (handler) => addEventListener('rtctransform', ({ transformer }) => handler({ transformer: watched(transformer) })),
});

function watched(transformer) {
  if (transformer.options.direction !== 'send') return transformer;
  const before = spy((bytes, video) => ({ kind: video ? 'picture' : 'sound', bytes }));
  const after = spy((bytes) => ({ kind: 'sealed', bytes }));
  after.readable.pipeTo(transformer.writable).catch(() => undefined);
  return {
    options: transformer.options,
    readable: transformer.readable.pipeThrough(before),
    writable: after.writable,
    // absent where the browser has none, as the worker expects it
    generateKeyFrame: transformer.generateKeyFrame?.bind(transformer),
    sendKeyFrameRequest: () => transformer.sendKeyFrameRequest(),
  };
}

function spy(describe) {
  let left = FRAMES_TOLD;
  return new TransformStream({
    transform(frame, controller) {
      if (left > 0 && frame.data.byteLength > 0) {
        left -= 1;
        told.postMessage(describe(new Uint8Array(frame.data.slice(0)), 'type' in frame));
      }
      controller.enqueue(frame);
    },
  });
}

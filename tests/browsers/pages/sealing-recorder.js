// What a far end gets that has no key: the frames as they are on the line.
//
// Owns: transceivers whose transform copies each frame and passes none on. Never does: open anything.

const WORKER = `onrtctransform = async ({ transformer }) => {
  for await (const frame of transformer.readable) {
    postMessage({ type: frame.getMetadata().mimeType, data: frame.data });
  }
};`;

/** Enough to have key frames, other frames and a second of sound. */
const MAX_FRAMES = 200;

export class Recorder {
  constructor(connection) {
    this.recorded = [];
    const worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' })));
    worker.addEventListener('message', ({ data }) => this.#keep(data));
    for (const kind of ['audio', 'video']) {
      const { receiver } = connection.addTransceiver(kind, { direction: 'recvonly' });
      receiver.transform = new RTCRtpScriptTransform(worker, {});
    }
  }

  /** As `{ codec, frame }`, the frame in base64. */
  frames() {
    return this.recorded;
  }

  #keep({ type, data }) {
    if (this.recorded.length >= MAX_FRAMES) return;
    const text = Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte)).join('');
    this.recorded.push({ codec: type.split('/')[1].toLowerCase(), frame: btoa(text) });
  }
}

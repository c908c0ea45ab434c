// Inside a page of the product: devices whose content is known, and eyes and ears on what the page shows.
//
// Owns: what `getUserMedia`, `getDisplayMedia` and `enumerateDevices` give, and the reading of every video and
// audio element. Never does: touch the page's own code or elements.

import { read } from './marker.js';
import { Source } from './source.js';
import { isVoiceOf, loudest } from './tone.js';

/** Every picture is scaled to this before it is read. */
const WIDTH = 320;
const HEIGHT = 180;

/** 85 ms of sound at 48 kHz: fine enough to tell two rungs apart, short enough to follow a step. */
const TRANSFORM_SAMPLES = 4096;

/** How often elements are looked for, and tones listened to (milliseconds). */
const LOOK_MS = 100;

/** Source ids: a person's first camera has its own, the second has the next one, its screen stands far off. */
const SECOND = 1;
const SCREEN = 100;

/** Devices of the person `id`; `faults` names the error that a kind of device fails with: 'Name' or 'Name: message'. */
export class Devices {
  constructor({ id, faults = {}, frameRate = 30, width = 640, height = 360, present = ['audio', 'video'] }) {
    Object.assign(this, { id, faults, present, picture: { frameRate, width, height }, sources: new Map() });
  }

  install() {
    const { mediaDevices } = navigator;
    if (!mediaDevices) return;
    mediaDevices.getUserMedia = (constraints) => this.#capture(constraints);
    mediaDevices.getDisplayMedia = () => this.#screen();
    mediaDevices.enumerateDevices = async () => this.#list();
  }

  async #capture({ audio, video }) {
    const kinds = [audio && 'audio', video && 'video'].filter(Boolean);
    const missing = kinds.find((kind) => this.faults[kind] || !this.present.includes(kind));
    if (missing) throw asException(this.faults[missing] ?? 'NotFoundError');
    return new MediaStream(kinds.map((kind) => this.#track(kind, chosen(kind === 'audio' ? audio : video))));
  }

  async #screen() {
    if (this.faults.screen) throw asException(this.faults.screen);
    return new MediaStream([this.#source(this.id + SCREEN).canvas.captureStream(this.picture.frameRate).getVideoTracks()[0]]);
  }

  /** A new track each time, so that stopping one leaves the device as it was. */
  #track(kind, deviceId) {
    const second = deviceId?.endsWith('-2') ? SECOND : 0;
    const source = this.#source(this.id + second);
    const track = kind === 'audio' ? source.audio.clone() : source.canvas.captureStream(this.picture.frameRate).getVideoTracks()[0];
    const settings = { ...track.getSettings(), deviceId: `${kind}-${second ? 2 : 1}` };
    track.getSettings = () => settings;
    return track;
  }

  #source(id) {
    if (!this.sources.has(id)) {
      const source = new Source({ id, ...this.picture });
      Object.assign(source.canvas.style, { position: 'fixed', left: '-9999px', top: '0' });
      source.canvas.setAttribute('aria-hidden', 'true');
      this.sources.set(id, source);
    }
    return this.sources.get(id);
  }

  #list() {
    const names = { audio: ['audioinput', 'Microphone'], video: ['videoinput', 'Camera'] };
    return this.present.flatMap((each) => {
      const [kind, label] = names[each];
      return [1, 2].map((number) => ({ kind, deviceId: `${each}-${number}`, groupId: String(number), label: `${label} ${number}` }));
    });
  }
}

/** All that the page shows and plays, by element. */
export class Witness {
  constructor() {
    Object.assign(this, { eyes: new Map(), ears: new Map(), players: playersOutside(), startedAt: performance.now() });
    this.timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** A copy of what was seen and heard since the start or the last `forget`. */
  snapshot() {
    return {
      videos: [...this.eyes.values()].map((eye) => eye.copy()),
      sounds: [...this.ears.values()].map((ear) => ear.copy()),
      now: performance.now(),
    };
  }

  forget() {
    this.eyes.forEach((eye) => eye.forget());
    this.ears.forEach((ear) => ear.forget());
  }

  stop() {
    clearInterval(this.timer);
  }

  #look() {
    for (const element of document.querySelectorAll('video')) {
      if (!this.eyes.has(element)) this.eyes.set(element, new Eye(element));
    }
    for (const element of [...document.querySelectorAll('audio'), ...this.players]) {
      if (!this.ears.has(element)) this.ears.set(element, new Ear(element));
      this.ears.get(element).listen();
    }
  }
}

class Eye {
  constructor(element) {
    this.element = element;
    this.canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
    this.forget();
    element.requestVideoFrameCallback(() => this.#onFrame());
  }

  forget() {
    Object.assign(this, { rendered: 0, bySource: {} });
  }

  copy() {
    const { element, rendered, bySource } = this;
    const shown = element.isConnected && element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible';
    const name = element.closest('.tile')?.querySelector('.name .text')?.textContent ?? null;
    return { shown, rendered, bySource: structuredClone(bySource), label: element.getAttribute('aria-label'), name };
  }

  #onFrame() {
    this.element.requestVideoFrameCallback(() => this.#onFrame());
    this.rendered += 1;
    this.context.drawImage(this.element, 0, 0, WIDTH, HEIGHT);
    const frame = read(this.context.getImageData(0, 0, WIDTH, HEIGHT));
    if (!frame) return;
    const seen = (this.bySource[frame.source] ??= { read: 0, backward: 0, firstAt: performance.now(), first: frame.counter, longestGap: 0 });
    if (frame.counter < seen.last) seen.backward += 1;
    const now = performance.now();
    seen.longestGap = Math.max(seen.longestGap, now - (seen.lastAt ?? now));
    seen.read += 1;
    seen.last = frame.counter;
    seen.lastAt = now;
  }
}

class Ear {
  constructor(element) {
    this.element = element;
    this.forget();
  }

  forget() {
    // `by`: how many of the tones heard are those of a source, by its rest modulo three
    Object.assign(this, { heard: 0, by: [0, 0, 0], rungs: new Set() });
  }

  copy() {
    const { element, heard, by } = this;
    return { playing: isSounding(element) && !element.paused && !element.muted && element.volume > 0, heard, by: [...by], steps: this.rungs.size };
  }

  listen() {
    this.#connect();
    const frequency = this.analyser && isSounding(this.element) && !this.element.muted ? loudest(this.analyser) : null;
    if (frequency === null) return;
    this.heard += 1;
    this.rungs.add(Math.round(frequency / 100));
    this.by.forEach((_, source) => {
      if (isVoiceOf(frequency, source)) this.by[source] += 1;
    });
  }

  /** The sound of whatever stream or file the element plays now. */
  #connect() {
    const stream = this.element.srcObject ?? this.#captured();
    if (stream === this.stream || !stream?.getAudioTracks().length) return;
    this.input?.disconnect();
    this.stream = stream;
    this.sound ??= new AudioContext({ sampleRate: 48000 });
    this.analyser ??= Object.assign(this.sound.createAnalyser(), { fftSize: TRANSFORM_SAMPLES, smoothingTimeConstant: 0 });
    this.input = this.sound.createMediaStreamSource(stream);
    this.input.connect(this.analyser);
  }

  #captured() {
    if (this.element.currentSrc && this.element.readyState > 0) this.file ??= this.element.captureStream?.();
    return this.file;
  }
}

/** What plays a stream is heard in the document alone; of a file, anywhere. */
function isSounding(element) {
  return element.isConnected || !element.srcObject;
}

/** Elements that are told to play, and that stand in no document. */
function playersOutside() {
  const players = new Set();
  const { play } = HTMLAudioElement.prototype;
  HTMLAudioElement.prototype.play = function () {
    if (!this.isConnected && !this.srcObject) players.add(this);
    return play.call(this);
  };
  return players;
}

function asException(fault) {
  const [name, message = 'as the test wants'] = fault.split(': ');
  return new DOMException(message, name);
}

/** The device that constraints ask for, by any of their spellings. */
function chosen(constraints) {
  const { deviceId } = constraints;
  return deviceId?.exact ?? deviceId?.ideal ?? deviceId;
}

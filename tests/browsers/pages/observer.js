// What a player sees and hears: frame numbers read from the rendered picture, tones from the sound.
//
// Owns: the video element, the reading canvas, the analyser. Never does: connect anything.

import { read, TIME_WRAP_MS } from './marker.js';
import { isExpected, loudest } from './tone.js';

/** The reading canvas: every picture is scaled to this, so a smaller encoding is read no worse. */
const WIDTH = 320;
const HEIGHT = 180;

/** 85 ms of sound at 48 kHz: fine enough to tell two rungs apart, short enough to follow a step. */
const TRANSFORM_SAMPLES = 4096;

/** Sound and picture may be apart by this and still count as the same moment (milliseconds). */
const LIP_SYNC_SLACK_MS = 400;

/** Delays kept for percentiles: a minute at 30 frames a second. */
const MAX_DELAYS = 1800;

export class Observer {
  constructor() {
    this.stream = new MediaStream();
    this.video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, playsInline: true });
    this.video.srcObject = this.stream;
    document.body.append(this.video);
    this.canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
    this.frames = { rendered: 0, read: 0, backward: 0, first: null, last: null, firstAt: null };
    this.tones = { heard: 0, expected: 0, source: null, last: null, distinct: new Set() };
    this.delays = [];
    this.video.requestVideoFrameCallback(() => this.#onFrame());
  }

  addTrack(track) {
    this.stream.addTrack(track);
    if (track.kind === 'audio') this.#listen(track);
    else this.video.play();
  }

  /** A copy of all that was seen and heard since the start or the last `forget`. */
  snapshot() {
    return {
      frames: { ...this.frames },
      tones: { ...this.tones, distinct: [...this.tones.distinct].sort((a, b) => a - b) },
      tracks: this.stream.getTracks().length,
      size: [this.video.videoWidth, this.video.videoHeight],
      now: performance.now(),
    };
  }

  /** Starts counting anew, so that what comes after an event is told from what came before. */
  forget() {
    const { last } = this.frames;
    this.frames = { rendered: 0, read: 0, backward: 0, first: null, last: null, firstAt: null, before: last };
    this.tones = { heard: 0, expected: 0, source: null, last: null, distinct: new Set() };
    this.delays = [];
  }

  /** The colours, each [red, green, blue], at points given as fractions of width and height. */
  colours(points) {
    this.context.drawImage(this.video, 0, 0, WIDTH, HEIGHT);
    return points.map(([x, y]) => [
      ...this.context.getImageData(Math.floor(x * WIDTH), Math.floor(y * HEIGHT), 1, 1).data.slice(0, 3),
    ]);
  }

  async stop() {
    this.stopped = true;
    clearInterval(this.timer);
    this.video.remove();
    await this.sound?.close();
  }

  #onFrame() {
    if (this.stopped) return;
    this.video.requestVideoFrameCallback(() => this.#onFrame());
    this.frames.rendered += 1;
    this.context.drawImage(this.video, 0, 0, WIDTH, HEIGHT);
    const frame = read(this.context.getImageData(0, 0, WIDTH, HEIGHT));
    if (frame) this.#remember(frame);
  }

  #remember(frame) {
    const { frames } = this;
    frames.read += 1;
    frames.first ??= frame;
    frames.firstAt ??= performance.now();
    if (frames.last?.source === frame.source && frame.counter < frames.last.counter) frames.backward += 1;
    frames.last = frame;
    frames.lastAt = performance.now();
    this.delays.push((Date.now() - frame.time) % TIME_WRAP_MS);
    if (this.delays.length > MAX_DELAYS) this.delays.shift();
  }

  #listen(track) {
    this.sound = new AudioContext({ sampleRate: 48000 });
    const analyser = this.sound.createAnalyser();
    analyser.fftSize = TRANSFORM_SAMPLES;
    analyser.smoothingTimeConstant = 0;
    this.sound.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    this.timer = setInterval(() => this.#onTone(loudest(analyser)), 100);
  }

  #onTone(frequency) {
    if (frequency === null) return;
    this.tones.heard += 1;
    this.tones.last = frequency;
    this.tones.distinct.add(Math.round(frequency / 100) * 100);
    const { last, lastAt } = this.frames;
    if (!last) return;
    const time = last.time + (performance.now() - lastAt);
    const inTime = isExpected(frequency, last.source, time, LIP_SYNC_SLACK_MS);
    this.tones.source = inTime ? last.source : null;
    if (inTime) this.tones.expected += 1;
  }
}

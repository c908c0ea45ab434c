// What a publisher publishes: a canvas that counts its frames, and a tone that steps each second.
//
// Owns: the two tracks and the timer that feeds them. Never does: connect anything.

import { draw, motionArea, TIME_WRAP_MS } from './marker.js';
import { frequencyAt } from './tone.js';

/** Loud enough for any codec, quiet enough not to clip. */
const GAIN = 0.4;

export class Source {
  /**
   * `id` (0–255) is written into every picture and chooses the tone's first rung. A busy picture has
   * noise in its lowest row, so that an encoder spends what a camera's picture would cost.
   */
  constructor({ id = 1, width = 640, height = 360, frameRate = 30, busy = false } = {}) {
    this.id = id;
    this.noise = busy ? new Noise() : null;
    this.counter = 0;
    this.canvas = Object.assign(document.createElement('canvas'), { width, height });
    document.body.append(this.canvas);
    this.context = this.canvas.getContext('2d', { alpha: false });
    this.#startTone();
    this.#tick();
    this.video = this.canvas.captureStream(frameRate).getVideoTracks()[0];
    this.timer = setInterval(() => this.#tick(), 1000 / frameRate);
  }

  tracks() {
    return [this.audio, this.video];
  }

  stop() {
    clearInterval(this.timer);
    this.tracks().forEach((track) => track.stop());
    this.canvas.remove();
    return this.sound.close();
  }

  #tick() {
    const time = Date.now() % TIME_WRAP_MS;
    this.counter += 1;
    draw(this.context, { source: this.id, counter: this.counter, time });
    this.noise?.draw(this.context, motionArea(this.canvas));
    const frequency = frequencyAt(this.id, time);
    if (this.oscillator.frequency.value !== frequency) this.oscillator.frequency.value = frequency;
  }

  #startTone() {
    this.sound = new AudioContext({ sampleRate: 48000 });
    this.oscillator = this.sound.createOscillator();
    const gain = this.sound.createGain();
    gain.gain.value = GAIN;
    const output = this.sound.createMediaStreamDestination();
    this.oscillator.connect(gain).connect(output);
    this.oscillator.start();
    this.audio = output.stream.getAudioTracks()[0];
  }
}

/** New random blocks for every frame, drawn small and scaled up: cheap to make, dear to encode. */
class Noise {
  constructor() {
    this.canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 10 });
    this.context = this.canvas.getContext('2d', { alpha: false });
    this.pixels = this.context.createImageData(this.canvas.width, this.canvas.height);
  }

  draw(context, area) {
    crypto.getRandomValues(this.pixels.data);
    this.context.putImageData(this.pixels, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.canvas, ...area);
  }
}

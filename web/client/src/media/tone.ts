// The sound by which somebody finds out whether the speaker works.
//
// Owns: two soft notes. Never does: outlive them.

/** Plays on the given speaker, else on the usual one. Settles when the sound is over; throws if it can't play. */
export async function playTestTone(deviceId?: string): Promise<void> {
  const context = new AudioContext();
  try {
    const output = context.createMediaStreamDestination();
    // Through an element, since Firefox directs elements to a chosen speaker but not contexts.
    const element = new Audio();
    element.srcObject = output.stream;
    if (deviceId) await element.setSinkId(deviceId);
    await context.resume();
    await element.play();
    const ended = NOTES.map((note, at) =>
      playNote(context, output, note, context.currentTime + at * NOTE_SECONDS),
    );
    await Promise.all(ended);
    element.pause();
  } finally {
    await context.close();
  }
}

function playNote(context: AudioContext, output: AudioNode, frequency: number, start: number): Promise<void> {
  const oscillator = new OscillatorNode(context, { type: "sine", frequency });
  const gain = new GainNode(context, { gain: 0 });
  oscillator.connect(gain).connect(output);
  // Ramps instead of steps: a step is a click.
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(LOUDNESS, start + RAMP_SECONDS);
  gain.gain.setValueAtTime(LOUDNESS, start + NOTE_SECONDS - RAMP_SECONDS);
  gain.gain.linearRampToValueAtTime(0, start + NOTE_SECONDS);
  const ended = new Promise<void>((resolve) => oscillator.addEventListener("ended", () => resolve()));
  oscillator.start(start);
  oscillator.stop(start + NOTE_SECONDS);
  return ended;
}

/** A fifth, in Hz, where small speakers and older ears both do well. */
const NOTES = [440, 660];
const NOTE_SECONDS = 0.6;
const RAMP_SECONDS = 0.05;
/** Of full scale: heard in a room, and no shock in headphones. */
const LOUDNESS = 0.2;

// The sounds of the page: whether the speaker works, and that a recording starts or stops.
//
// Owns: two soft notes each. Never does: outlive them.

/** Plays on the given speaker, else on the usual one. Settles when the sound is over; throws if it can't play. */
export function playTestTone(deviceId?: string): Promise<void> {
  return play({ notes: TEST, seconds: 0.6 }, deviceId);
}

/** Up when a recording starts, down when it stops. As above. */
export function playRecordingTone(sign: "start" | "stop", deviceId?: string): Promise<void> {
  return play({ notes: sign === "start" ? START : STOP, seconds: 0.2 }, deviceId);
}

interface Tune {
  /** In Hz. */
  notes: readonly number[];
  /** Of each. */
  seconds: number;
}

async function play({ notes, seconds }: Tune, deviceId: string | undefined): Promise<void> {
  const context = new AudioContext();
  try {
    const output = context.createMediaStreamDestination();
    // Through an element, since Firefox directs elements to a chosen speaker but not contexts.
    const element = new Audio();
    element.srcObject = output.stream;
    if (deviceId) await element.setSinkId(deviceId);
    await context.resume();
    await element.play();
    const ended = notes.map((note, at) =>
      playNote(context, output, note, { start: context.currentTime + at * seconds, seconds }),
    );
    await Promise.all(ended);
    element.pause();
  } finally {
    await context.close();
  }
}

function playNote(
  context: AudioContext,
  output: AudioNode,
  frequency: number,
  { start, seconds }: { start: number; seconds: number },
): Promise<void> {
  const oscillator = new OscillatorNode(context, { type: "sine", frequency });
  const gain = new GainNode(context, { gain: 0 });
  oscillator.connect(gain).connect(output);
  // Ramps instead of steps: a step is a click.
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(LOUDNESS, start + RAMP_SECONDS);
  gain.gain.setValueAtTime(LOUDNESS, start + seconds - RAMP_SECONDS);
  gain.gain.linearRampToValueAtTime(0, start + seconds);
  const ended = new Promise<void>((resolve) => oscillator.addEventListener("ended", () => resolve()));
  oscillator.start(start);
  oscillator.stop(start + seconds);
  return ended;
}

/** A fifth, in Hz, where small speakers and older ears both do well. */
const TEST = [440, 660];
const START = [523, 784];
const STOP = [784, 523];
const RAMP_SECONDS = 0.05;
/** Of full scale: heard in a room, and no shock in headphones. */
const LOUDNESS = 0.2;

// A tone whose pitch tells the second in which it was played.
//
// Owns: the ladder of frequencies and the finding of a tone in a spectrum. Never does: make a sound.

/** Rungs are 200 Hz apart: sixteen bins of the player's transform, and no rung is another's octave twice. */
const LADDER_HZ = [500, 700, 900, 1100, 1300, 1500, 1700, 1900];

/** By how much each source is off its rung: who plays is told by it however late the sound comes. */
const VOICES_HZ = [0, 30, -30];

/** Half the distance between two voices, less the width of a bin of the player's transform. */
const VOICE_TOLERANCE_HZ = 14;

/** How long a rung is held. */
const STEP_MS = 1000;

/** Half the distance between two rungs, less what a lossy codec may smear. */
const TOLERANCE_HZ = 60;

/** A spectrum whose peak is quieter than this (dBFS) holds no tone. */
const SILENCE_DB = -60;

/** The frequency that a source plays at a time (milliseconds). Sources start on different rungs. */
export function frequencyAt(source, time) {
  return LADDER_HZ[(Math.floor(time / STEP_MS) + source) % LADDER_HZ.length] + VOICES_HZ[source % VOICES_HZ.length];
}

/** True if this is a tone that a source plays at some time; it shares them with every third other one. */
export function isVoiceOf(frequency, source) {
  return LADDER_HZ.some((rung) => Math.abs(rung + VOICES_HZ[source % VOICES_HZ.length] - frequency) <= VOICE_TOLERANCE_HZ);
}

/** True if a source plays, or played up to `slack` milliseconds before or after, this frequency at this time. */
export function isExpected(frequency, source, time, slack) {
  return [-slack, 0, slack].some(
    (shift) => Math.abs(frequencyAt(source, Math.max(0, time + shift)) - frequency) <= TOLERANCE_HZ,
  );
}

/** The loudest frequency of an analyser in hertz, or null in silence. */
export function loudest(analyser) {
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const peak = levels.reduce((best, level, bin) => (level > levels[best] ? bin : best), 0);
  if (!(levels[peak] > SILENCE_DB)) return null;
  return (peak * analyser.context.sampleRate) / analyser.fftSize;
}

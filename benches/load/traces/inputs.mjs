// What the recorded browser sees and hears: a face that talks, and a voice with pauses.
//
// Owns: two files in a folder that is given. Never does: end up in the repository.

import { join } from 'node:path';

import { run } from '../../../tests/browsers/harness/process.mjs';

/** Silence between sentences, in seconds: as somebody who thinks, and somebody who listens. */
const PAUSES = [0.4, 0.7, 1.5, 0.5, 3, 0.9];

const SENTENCES = [
  'I slept badly again, from Tuesday to Wednesday.',
  'It was the same dream, but this time I could say something.',
  'And then I noticed that nobody had asked me anything at all.',
  'Hm.',
  'What I would like to understand is why it comes back when I am on holiday, and never while I work.',
  'My sister says that our mother was the same.',
  'Perhaps.',
  'We did talk about it on Sunday, for the first time, and it was easier than I had thought.',
  'So that is what I wanted to tell you today.',
];

/** Chromium plays both in a loop. `clip` is a short video of a face, any size. */
export async function makeInputs(clip, folder) {
  const [picture, sound] = [join(folder, 'face.mjpeg'), join(folder, 'voice.wav')];
  await run('ffmpeg', ['-y', '-v', 'error', '-i', clip, '-filter_complex', PICTURE, '-q:v', '3', picture]);
  await run('espeak-ng', ['-v', 'en', '-s', '150', '-m', '-w', `${sound}.raw.wav`, spoken()]);
  // what Chromium's fake microphone reads without resampling
  await run('ffmpeg', ['-y', '-v', 'error', '-i', `${sound}.raw.wav`, '-ar', '48000', '-ac', '1', sound]);
  return { picture, sound };
}

/**
 * There and back, so that the loop has no cut; 16:9 out of the middle, enlarged and sharpened; and the noise of a
 * camera's sensor, without which an enlarged picture costs an encoder much less than a real one.
 */
const PICTURE = [
  'split[there][again]',
  ';[again]reverse[back]',
  ";[there][back]concat=n=2:v=1,fps=30,crop=iw:iw*9/16,scale=1280:720:flags=lanczos",
  ',unsharp=5:5:0.8,noise=alls=5:allf=t,format=yuvj420p',
].join('');

function spoken() {
  const breaks = SENTENCES.map((sentence, index) => `${sentence} <break time="${PAUSES[index % PAUSES.length]}s"/>`);
  return `<speak>${breaks.join(' ')}</speak>`;
}

// A recording, as the people of a call make it by the pages.
//
// Owns: the steps, and where it is kept. Never does: open one by another way.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { BINARY } from './demo.mjs';
import { kitOf, seedOf } from './fragment.mjs';
import { until } from './wait.mjs';

/** To the question that everybody is asked. Guests are recorded; `also` names others: 'Sound of You'. */
export async function propose(therapist, { also = [] } = {}) {
  await therapist.press('People');
  await therapist.press('Record');
  await tick(therapist, 'A relaxing activity');
  for (const name of also) await tick(therapist, name);
  await therapist.press('Ask everybody');
}

export async function agree(client) {
  await tick(client, 'I can speak freely here');
  await client.press('I agree');
}

/** When so many seconds outlive a crash, as the page says; how many they are then. */
export async function safeSeconds(person, enough) {
  const read = async () => secondsOf(/Recording · (?:(\d+) min ?)?(?:(\d+) s )?safe/.exec(await person.text()));
  return until('enough is safe', read, (seconds) => seconds >= enough, 40_000 + enough * 1000);
}

/** What is in a data folder: paths, and the names of files. */
export function recordingsIn(data) {
  const folder = join(data, 'recordings');
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names.map(({ name }) => ({ id: name, path: join(folder, name), files: readdirSync(join(folder, name)) }));
}

/** The clinic's words, in a file that stands in a folder. */
export function wordsOf(demo, folder) {
  const file = join(folder, 'words.txt');
  writeFileSync(file, kitOf(seedOf(demo.therapist)).join(' '));
  return file;
}

/** When the one recording is whole. */
export async function complete(data) {
  const whole = () => recordingsIn(data).filter(({ files }) => files.includes('capture-000.mkv'));
  const [recording] = await until('the recording is complete', whole, ({ length }) => length === 1);
  return recording;
}

/** Of the list on the page of recordings. */
export function openFirst(person) {
  const pressed = () => person.page.evaluate(() => {
    const button = [...document.querySelectorAll('main li button')].find(({ textContent }) => textContent.trim() === 'Open');
    button?.click();
    return button !== undefined;
  });
  return until('a recording is to be opened', pressed, Boolean);
}

/** Plays a file on a page of its own. */
export async function show(person, file, type) {
  await until('the witness is there', () => person.page.evaluate(() => window.witness !== null));
  await person.page.evaluate(([base64, mimeType]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const video = document.createElement('video');
    video.src = URL.createObjectURL(new Blob([bytes], { type: mimeType }));
    // ears are for streams
    const audio = document.createElement('audio');
    audio.srcObject = video.captureStream();
    document.body.append(video, audio);
    return Promise.all([video.play(), audio.play()]);
  }, [readFileSync(file).toString('base64'), type]);
}

/** What the command says. */
export function rapport(...args) {
  return execFileSync(BINARY, args, { encoding: 'utf8' });
}

function secondsOf(found) {
  return found ? Number(found[1] ?? 0) * 60 + Number(found[2] ?? 0) : 0;
}

/** The name of a box, or what the label beside it begins with. */
async function tick(person, text) {
  const ticked = () => person.page.evaluate((wanted) => {
    const named = document.querySelector(`input[aria-label="${wanted}"]`);
    const label = named?.closest('label') ?? [...document.querySelectorAll('label')].find(({ textContent }) => textContent.trim().startsWith(wanted));
    const box = named ?? label?.querySelector('input') ?? document.getElementById(label?.htmlFor);
    if (box && !box.checked) label.click();
    return box?.checked ?? false;
  }, text);
  await until(`“${text}” is ticked`, ticked, Boolean);
}

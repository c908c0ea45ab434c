// A clinic makes its key and certifies a therapist's device, by the pages; and that device leads a session.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Call, CLIENT, inCall, perceives, THERAPIST } from './harness/call.mjs';
import { until } from './harness/wait.mjs';

const call = new Call();
after(() => call.close());

for (const browser of ['chromium', 'firefox']) {
  inCall(`${browser}: a device that the clinic has certified leads a session, and another one does not`, call, async () => {
    const elsewhere = browser === 'firefox' ? 'chromium' : 'firefox';
    const owner = await call.visit(elsewhere, `${call.demo.origin}/clinic`, { id: 3 });
    const number = await makeKey(owner);
    const device = await call.visit(browser, `${call.demo.origin}/device`, { id: THERAPIST });
    await makeDevice(device);
    const [asking] = await numbers(device);
    await owner.fill('The device’s request', await handedOn(device));
    await owner.reads('Ask the therapist to read the number');
    assert.deepEqual(await numbers(owner), [number, asking]);
    await owner.fill('Name of the therapist', 'Dana Hart');
    await owner.press('The number is the same: certify');
    await owner.reads('The device is certified');

    await device.page.goto(await handedOn(owner));
    await Promise.all([device.reads('A certificate, valid until'), device.reads('Dana Hart')]);
    assert.deepEqual(await numbers(device), [number]);
    await device.press('Take it');
    await device.reads('This browser is the device of Dana Hart');

    await startFor(number);
    const stranger = await call.visit(elsewhere, call.demo.therapist, { id: 4 });
    await stranger.join('Not Dana');
    await stranger.reads('This device is not a therapist’s');
    // under another name than the certified one
    const therapist = await call.enter(browser, call.demo.therapist, { name: 'Somebody', id: THERAPIST });
    const client = await call.enter('chromium', call.demo.client, { name: 'Omar', id: CLIENT, waits: true });
    await Promise.all([client.reads('Dana Hart is here'), client.reads('Your link proves')]);
    await call.admit(client, 'Omar');
    await Promise.all([perceives(client, THERAPIST), perceives(therapist, CLIENT)]);
  });
}

inCall('the words of the paper are asked for, and bring the key back', call, async () => {
  const owner = await call.visit('chromium', `${call.demo.origin}/clinic`, { id: 3 });
  await owner.press('Make the clinic’s key');
  const words = await kitOf(owner);
  await owner.press('I have them on paper');
  await owner.press('Check');
  await owner.reads('another word than the one that was shown');
  await owner.page.reload();
  await owner.press('Certify a therapist’s device');
  await owner.fill('The 25 words', words.slice(1).join(' '));
  await owner.press('Go on');
  await owner.reads('These are 24 words');
  await owner.fill('The 25 words', words.map((word) => word.slice(0, 4)).join(' '));
  await owner.press('Go on');
  await owner.reads('make this browser a therapist’s device');
  await makeDevice(await call.visit('chromium', `${call.demo.origin}/device`, { id: 4 }));
  await owner.fill('The device’s request', 'anything');
  await owner.press('Use this browser itself');
  await owner.fill('Name of the therapist', 'Ines');
  await owner.press('Certify this browser');
  await owner.reads('This browser is now the therapist’s device of Ines');
  await owner.page.goto(`${call.demo.origin}/device`);
  await owner.reads('This browser is the device of Ines');
});

inCall('a device comes back out of its backup in another browser, and its certificate holds there', call, async () => {
  const owner = await call.visit('firefox', `${call.demo.origin}/clinic`, { id: 3 });
  const clinic = await makeKey(owner);
  const lost = await call.visit('chromium', `${call.demo.origin}/device`, { id: 4 });
  const { words, file } = await makeDevice(lost);
  await owner.fill('The device’s request', await handedOn(lost));
  await owner.fill('Name of the therapist', 'Ines');
  await owner.press('The number is the same: certify');
  await owner.reads('The device is certified');
  const certificate = await handedOn(owner);

  const other = await call.visit('firefox', `${call.demo.origin}/device`, { id: 5 });
  await makeDevice(other);
  await other.press('Bring a device back');
  await other.fill('Or what stands in it', file.slice(1));
  await other.fill('The 25 words', words.join(' '));
  await other.press('Go on');
  await other.reads('This is not a backup, or a part of it is missing');
  await other.fill('Or what stands in it', file);
  await other.press('Go on');
  await other.reads('This is the backup of the device');
  await other.press('Make this browser that device');
  await other.reads('not certified as a therapist’s yet');
  await other.page.goto(certificate);
  await other.reads('A certificate, valid until');
  assert.deepEqual(await numbers(other), [clinic]);
  await other.press('Take it');
  await other.reads('This browser is the device of Ines');
});

inCall('a certificate of another device, or a damaged one, is told and not taken', call, async () => {
  const owner = await call.visit('chromium', `${call.demo.origin}/clinic`, { id: 3 });
  await makeKey(owner);
  const device = await call.visit('firefox', `${call.demo.origin}/device`, { id: 4 });
  await makeDevice(device);
  await owner.fill('The device’s request', await handedOn(device));
  await owner.fill('Name of the therapist', 'Ines');
  await owner.press('The number is the same: certify');
  await owner.reads('The device is certified');
  const link = await handedOn(owner);
  await owner.page.goto(link);
  await owner.reads('This certificate is for another device');
  await device.page.goto(link.slice(0, -5));
  await device.reads('This is not a certificate, or a part of it is missing');
  assert.equal(await device.has('button', 'Take it'), false);
});

/** Through the pages to where devices are certified; the number of the clinic. */
async function makeKey(owner) {
  await owner.press('Make the clinic’s key');
  const { number } = await putOnPaper(owner);
  await owner.reads('Certify a device');
  return number;
}

/** Through the pages to a device with a backup; its words and the text of its file. */
async function makeDevice(person) {
  await person.press('Make this browser a therapist’s device');
  const { words, number } = await putOnPaper(person);
  // what a click on it would have put into the downloads
  await person.page.evaluate(() => {
    HTMLAnchorElement.prototype.click = function click() {
      window.saved = this.href;
    };
  });
  await person.press('Save the file');
  const file = await until('a file was saved', () => person.page.evaluate(() => window.saved), Boolean);
  await person.press('It is saved: go on');
  await person.reads('not certified as a therapist’s yet');
  assert.deepEqual(await numbers(person), [number]);
  return { words, file: decodeURIComponent(file.replace('data:text/plain,', '')) };
}

async function putOnPaper(person) {
  const words = await kitOf(person);
  const [number] = await numbers(person);
  await person.press('I have them on paper');
  await person.reads('Check the paper');
  for (const position of await asked(person)) await person.fill(`Word ${position}`, words[position - 1]);
  await person.press('Check');
  return { words, number };
}

function kitOf(owner) {
  const shown = () => owner.page.evaluate(() => [...document.querySelectorAll('main ol li')].map(({ textContent }) => textContent));
  return until('the words are shown', shown, ({ length }) => length === 25);
}

async function asked(owner) {
  const labels = await owner.page.evaluate(() => [...document.querySelectorAll('form label')].map(({ textContent }) => textContent));
  return labels.map((label) => Number(/^Word (\d+)$/.exec(label)[1]));
}

/** All numbers that are shown, in order. */
function numbers(person) {
  const shown = () => person.page.evaluate(() => [...document.querySelectorAll('main p')].map(({ textContent }) => textContent.trim()).filter((text) => /^([0-9a-f]{4} ?){8}$/.test(text)));
  return until('a number is shown', shown, ({ length }) => length > 0);
}

/** What is there to be copied. */
function handedOn(person) {
  return until('a link is shown', () => person.page.evaluate(() => document.querySelector('textarea[readonly]')?.value ?? ''), Boolean);
}

/** The same server, for a clinic: the origin stays, and with it what the browsers keep. */
async function startFor(clinic) {
  const { port } = call.demo;
  await call.demo.stop();
  await call.begin({ port, clinic });
}

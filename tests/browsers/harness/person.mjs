// Somebody in front of the product's page: presses what has a name, types, reads, sees and hears.
//
// Owns: one page of a browser, with devices whose content is known. Never does: reach into the page's code.

import { inject } from './inject.mjs';
import { until } from './wait.mjs';

/** What makes a page ready for a person; the module's name in `pages/` is its contract. */
const MODULES = ['marker.js', 'tone.js', 'source.js', 'witness.js', 'names.js'];

const ROLES = {
  button: 'button, [role="button"], [role="menuitem"], [role="menuitemradio"], [role="switch"]',
  textbox: 'input:not([type]), input[type="text"], textarea',
  checkbox: 'input[type="checkbox"], [role="checkbox"]',
};

export class Person {
  /**
   * Opens a link. `devices` are those of `pages/witness.js`, `before` is code that runs in the page before anything
   * else; `prepare` gets the page before it is loaded; `id` (1–99) is in every picture and tone of this person. `real`:
   * with what the machine itself has.
   */
  static async open(browser, link, { id, before = '', prepare, real = false, ...devices }) {
    const plant = `${before}
      window.devices = new modules['witness.js'].Devices(${JSON.stringify({ id, ...devices })});
      if (!${real}) window.devices.install();
      window.nameOf = modules['names.js'].nameOf;
      window.witness = null;
      addEventListener('DOMContentLoaded', () => { window.witness = new modules['witness.js'].Witness(); });`;
    const page = await browser.page(await inject(MODULES, plant));
    await prepare?.(page);
    const person = new Person(page, id);
    await page.goto(link);
    return person;
  }

  constructor(page, id) {
    Object.assign(this, { page, id, faults: [] });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && this.faults.push(message.text()));
  }

  /** From the lobby into the call, with camera and microphone. They are on already where the page may use them. */
  async join(name) {
    await this.fill('Your name', name);
    const turnOn = 'Turn on camera and microphone';
    await until('the lobby is ready', async () => (await this.has('button', turnOn)) || this.has('button', 'Join'));
    if (await this.has('button', turnOn)) await this.press(turnOn);
    await until('the camera is on', () => this.has('button', 'Join'));
    const pressedAt = await this.page.evaluate(() => performance.now());
    await this.press('Join');
    return pressedAt;
  }

  /** Presses a button by its accessible name, with a real pointer. */
  async press(name) {
    const handle = await until(`a button named ${name}`, () => this.#find('button', name));
    await handle.click();
    await handle.dispose();
  }

  async fill(label, text) {
    const handle = await until(`a field named ${label}`, () => this.#find('textbox', label));
    await handle.evaluate((field) => field.select());
    await handle.type(text);
    await handle.dispose();
  }

  /** Is there one that can be used? */
  async has(role, name) {
    const handle = await this.#find(role, name);
    await handle?.dispose();
    return handle !== null;
  }

  /** The text that is shown. */
  text() {
    return this.page.evaluate(() => document.body.innerText);
  }

  /** Waits until the page says something. */
  reads(sentence, deadline) {
    const holds = (text) => (sentence instanceof RegExp ? sentence.test(text) : text.includes(sentence));
    return until(`the page says ${sentence}`, () => this.text(), holds, deadline);
  }

  snapshot() {
    return this.page.evaluate(() => window.witness?.snapshot() ?? { videos: [], sounds: [] });
  }

  forget() {
    return this.page.evaluate(() => window.witness.forget());
  }

  close() {
    return this.page.close();
  }

  async #find(role, name) {
    const found = await this.page.evaluateHandle(
      ([selector, wanted]) => {
        // behind an open dialog nothing can be used
        const within = [...document.querySelectorAll('[role="dialog"], [role="alertdialog"], [role="menu"]')].at(-1) ?? document;
        const usable = (element) => element.getClientRects().length > 0 && !element.disabled && element.ariaDisabled !== 'true';
        return [...within.querySelectorAll(selector)].find((element) => window.nameOf(element) === wanted && usable(element)) ?? null;
      },
      [ROLES[role], name],
    );
    return found.asElement();
  }
}

/** What a person sees of a source: how many pictures could be read, in any element that is shown. */
export function seenOf({ videos }, source) {
  return videos.filter(({ shown }) => shown).map(({ bySource }) => bySource[source]).find(Boolean) ?? { read: 0 };
}

/** How many tones a person hears that are of a source; none unless they step, as tones of now do. */
export function heardOf({ sounds }, source) {
  const isOf = ({ playing, heard, by, steps }) => playing && heard >= MIN_TONES && steps >= 2 && by[source % by.length] / heard >= SHARE;
  return Math.max(0, ...sounds.filter(isOf).map(({ heard }) => heard));
}

/** Tones that are enough to tell a source by, and the share of them that must be its: a step blurs one or two. */
const MIN_TONES = 20;
const SHARE = 0.8;

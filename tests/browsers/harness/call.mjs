// A call on the product's pages: one demo server, the browsers of a test file, the people of a test.
//
// Owns: everything that must be closed, and what is printed when a test fails. Never does: assert content.

import { test } from 'node:test';

import { launch } from './browser.mjs';
import { Demo } from './demo.mjs';
import { heardOf, Person, seenOf } from './person.mjs';
import { until } from './wait.mjs';

/** A hang must end as a failure with evidence, long before the runner of CI gives up. */
const TEST_TIMEOUT_MS = 120_000;

/** About a second of picture, and two seconds of sound with two steps of the tone. */
const ENOUGH_FRAMES = 20;

/** What the sign of the lock says to whom who is in the call. */
const ADMITTED = ['Sealed', 'Verified', 'Changed device', 'Not confirmed'];

/** Source ids whose tones are told apart, that of the client's second microphone too. */
export const THERAPIST = 1;
export const CLIENT = 2;

export class Call {
  /** For each test a server of its own: whoever closes a page is missed for a while, and takes a place. */
  async begin(options) {
    this.demo = await Demo.start(options);
  }

  constructor() {
    Object.assign(this, { browsers: new Map(), people: [], closing: [] });
  }

  /** Opens a link in a tab of its own. */
  async visit(browser, link, options) {
    const person = await Person.open(await this.#browser(browser), link, options);
    this.people.push(person);
    return person;
  }

  /** Into the call with camera and microphone; a therapist who is there lets others in, unless it is to wait. */
  async enter(browser, link, { name = 'Somebody', waits = false, ...options }) {
    const person = await this.visit(browser, link, options);
    person.pressedAt = await person.join(name);
    person.isHost = isOf(link, this.demo.therapist);
    if (!person.isHost && !waits && this.#host()) await this.admit(person, name);
    return person;
  }

  /** By a press of the therapist's; whoever was let in before comes in without one. */
  async admit(person, name) {
    const button = `Let in ${name}`;
    await until(`${name} is in`, async () => {
      if (await this.#host().has('button', button)) await this.#host().press(button);
      const signs = await Promise.all(ADMITTED.map((sign) => person.has('button', sign)));
      return signs.some(Boolean);
    });
  }

  /** The two of a session, who see and hear each other. */
  async pair(browsers, { therapist = {}, client = {} } = {}) {
    const one = await this.enter(browsers[0], this.demo.therapist, { name: 'Dana', id: THERAPIST, ...therapist });
    const other = await this.enter(browsers[1], this.demo.client, { name: 'Omar', id: CLIENT, ...client });
    await perceives(other, THERAPIST);
    await perceives(one, CLIENT);
    return [one, other];
  }

  /** Lets in somebody who is a program. */
  admitSynthetic(name) {
    return this.#host().press(`Let in ${name}`);
  }

  later(close) {
    this.closing.push(close);
  }

  async leave(person) {
    this.people.splice(this.people.indexOf(person), 1);
    await person.close();
  }

  /** Ends what the test opened; what cannot be closed any more is not its failure. */
  async clear() {
    await Promise.allSettled([...this.people.splice(0).map((person) => person.close()), ...this.closing.splice(0).map((close) => close())]);
    const outcome = await this.demo?.stop();
    if (outcome && outcome.code !== 0) throw new Error(`the demo ended with ${JSON.stringify(outcome)}\n${this.demo.log()}`);
  }

  close() {
    return Promise.all([...this.browsers.values()].map((browser) => browser.close()));
  }

  async evidence() {
    const seen = await Promise.allSettled(this.people.map(async (person) => ({
      id: person.id,
      faults: person.faults,
      text: (await person.text()).replace(/\s+/g, ' ').slice(0, 600),
      snapshot: await person.snapshot(),
    })));
    const pages = seen.map(({ value, reason }) => JSON.stringify(value ?? String(reason)));
    return ['--- pages', ...pages, '--- server', this.demo?.log()].join('\n');
  }

  #host() {
    return this.people.find(({ isHost }) => isHost);
  }

  async #browser(name) {
    if (!this.browsers.has(name)) this.browsers.set(name, await launch(name));
    return this.browsers.get(name);
  }
}

/** A link is told by its invitation: a test may lead it over a line of its own. */
function isOf(link, other) {
  return new URL(link).pathname === new URL(other).pathname;
}

/** One behaviour as a test, with evidence on failure; the options are those of the demo, and `timeout` of one that is long. */
export function inCall(name, call, body, { timeout = TEST_TIMEOUT_MS, ...options } = {}) {
  test(name, { timeout }, async (t) => {
    await call.begin(options);
    try {
      await body(t);
    } catch (error) {
      console.error(await call.evidence());
      throw error;
    } finally {
      await call.clear();
    }
  });
}

/** From now on: pictures of the source whose numbers rise, and its tones. */
export async function perceives(person, source, { sight = true, sound = true, deadline } = {}) {
  await until('the witness is there', () => person.page.evaluate(() => window.witness !== null));
  await person.forget();
  return until(
    `${person.id} perceives ${source}`,
    () => person.snapshot(),
    (seen) => (!sight || seenOf(seen, source).read >= ENOUGH_FRAMES) && (!sound || heardOf(seen, source) > 0),
    deadline,
  );
}

/** When a person first read a picture of the source, in milliseconds since the button was pressed. */
export async function firstSight(person, source) {
  const seen = await until(`${person.id} sees ${source}`, () => person.snapshot(), (now) => seenOf(now, source).read > 0);
  return seenOf(seen, source).firstAt - person.pressedAt;
}

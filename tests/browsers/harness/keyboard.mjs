// Somebody who uses a page by its keyboard alone.
//
// Owns: keys, and where the focus is after each of them. Never does: use a pointer, or set the focus.

import assert from 'node:assert/strict';

import { until } from './wait.mjs';

/** More than any page has controls. */
const MOST_STOPS = 60;

export class Keyboard {
  constructor(person) {
    this.page = person.page;
    this.person = person;
  }

  /** Goes from control to control until it is at the one of this name. */
  async to(name, { back = false } = {}) {
    const passed = [];
    for (let stop = 0; stop < MOST_STOPS; stop += 1) {
      await this.page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
      const focus = await this.focus();
      passed.push(focus.name);
      if (focus.name !== null) assert.ok(focus.visible, `the focus is seen on ${focus.name}: ${JSON.stringify(focus)}`);
      if (focus.name === name) return;
    }
    assert.fail(`${name} is not reached by Tab: ${passed.join(', ')}`);
  }

  /** Waits for a control to be there, goes to it, and presses a key on it. */
  async press(name, key = 'Enter', options) {
    await until(`a button named ${name}`, () => this.person.has('button', name));
    await this.to(name, options);
    await this.key(key);
  }

  key(key) {
    return this.page.keyboard.press(key);
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  /** What has the focus. `visible`: something is drawn around it, and nothing lies over it. */
  focus() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return { name: null };
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const ringed = (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none';
      const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      const uncovered = top !== null && (element.contains(top) || top.contains(element) || [...(element.labels ?? [])].includes(top));
      return { name: window.nameOf(element), ringed, uncovered, visible: ringed && uncovered };
    });
  }
}
